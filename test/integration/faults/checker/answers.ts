import type { Counts, ViolationKind } from './findings.ts';
import { positionKey, type History, type Verdict } from './history.ts';
import type { PlayLine } from './records.ts';

type Line<K extends PlayLine['is']> = PlayLine & { is: K };
interface Asked {
  k: number;
  at: number;
  name: string;
  line: string | null;
  told: Line<'told'> | null;
}
/** One client, as it saw things: what it asked in its order, and what became of its hold on the room. */
export interface ClientHistory {
  id: string;
  sessions: Set<string>;
  asked: Asked[];
  closedAt: number;
  endedBy: string | null;
  lostAt: number[];
}

/** Who went, or was away, before it could be told has nothing to complain of. */
const toBeTold = 10_000;
/** Whether a client that knew of something that is gone since `goneAt` was told so, or could not be told any more. */
export const wasNotified = (story: ClientHistory, knewAt: number, goneAt: number): boolean =>
  story.lostAt.some(t => t > knewAt) || story.closedAt < goneAt + toBeTold || story.endedBy !== null;

/** Codes with which an action is surely not in the journal: it never reached a room, or the room did not number it. */
const surelyNot = new Set([
  'left',
  'session-replaced',
  'room-missing',
  'room-quarantined',
  'kicked',
  'bad-request',
  'slow-down',
  'not-in-room',
  'unavailable',
  'busy',
]);
const openEnded = (told: Line<'told'> | null): boolean => told === null || told.code === 'unknown';

export function clientHistoriesOf(play: readonly PlayLine[]): Map<string, ClientHistory> {
  const stories = new Map<string, ClientHistory>();
  const story = (id: string): ClientHistory => {
    let one = stories.get(id);
    if (!one)
      stories.set(id, (one = { id, sessions: new Set(), asked: [], closedAt: Infinity, endedBy: null, lostAt: [] }));
    return one;
  };
  for (const line of play) {
    const one = story(line.id);
    if (line.is === 'held' && !line.watch) one.sessions.add(line.session);
    else if (line.is === 'asked')
      one.asked[line.k - 1] = { k: line.k, at: line.at, name: line.name, line: line.line, told: null };
    else if (line.is === 'told' && one.asked[line.k - 1]) one.asked[line.k - 1]!.told = line;
    else if (line.is === 'closed') one.closedAt = Math.min(one.closedAt, line.at);
    else if (line.is === 'ended') one.endedBy = line.code;
    else if (line.is === 'resumed' && line.lost) one.lostAt.push(line.at);
  }
  return stories;
}

type Say = (wrong: ViolationKind, says: string, at?: number) => void;

/**
 * Holds what clients were told against what the journal says. A client numbers its actions in the order in which it
 * asks, so the verdicts of its session, in the journal's order, are what it was told, one for one. What it was never
 * told may be in the journal or not, once.
 */
export function checkAnswers(
  history: History,
  stories: ReadonlyMap<string, ClientHistory>,
  say: Say,
  counts: Counts,
): void {
  const bySession = new Map<string, Placed[]>();
  for (const { seq, term, verdicts } of history.facts) {
    for (const verdict of verdicts) {
      const there = bySession.get(verdict.session);
      if (there) there.push({ ...verdict, seq, term });
      else bySession.set(verdict.session, [{ ...verdict, seq, term }]);
    }
  }
  for (const [session, verdicts] of bySession) {
    // Numbers without gaps, each once. (A session whose seat begins anew would have to be another one.)
    verdicts.forEach((v, i) => {
      if (v.n !== i + 1)
        say('doubled', `session ${session}: number ${v.n} has a verdict in entry ${v.seq}, in the place of ${i + 1}`);
    });
  }
  for (const story of stories.values())
    oneClient(
      history,
      story,
      [...story.sessions].flatMap(s => bySession.get(s) ?? []),
      say,
      counts,
    );
  realTime(history, stories, say);
}

type Placed = Verdict & { seq: number; term: number };

function oneClient(
  history: History,
  story: ClientHistory,
  verdicts: readonly Placed[],
  say: Say,
  counts: Counts,
): void {
  let next = 0;
  /** Actions since the last certain one that may have verdicts without the client knowing. */
  let perhaps = 0;
  for (const { k, told, name, at } of story.asked) {
    counts.asked += 1;
    if (openEnded(told)) {
      counts.unknown += 1;
      perhaps += 1;
      if (told === null && story.closedAt === Infinity && story.endedBy === null)
        say('stuck', `${story.id}: action ${k} (${name}) never got an answer`, at);
      continue;
    }
    if (told!.code !== null) counts.refused += 1;
    else counts.accepted += 1;
    if (told!.code !== null && surelyNot.has(told!.code)) continue;
    const fits = (v: Placed) =>
      v.code === told!.code &&
      (told!.seq === null || v.seq === told!.seq) &&
      (told!.term === null || v.term === told!.term);
    let found = next;
    while (found < verdicts.length && found - next <= perhaps && !fits(verdicts[found]!)) found += 1;
    if (found < verdicts.length && found - next <= perhaps) {
      next = found + 1;
      perhaps = 0;
      continue;
    }
    const place = told!.seq === null ? '' : ` at ${told!.seq}`;
    const goneAt =
      told!.seq === null
        ? undefined
        : told!.term !== null
          ? history.gone.get(positionKey(told!.term, told!.seq))
          : history.goneSeqs.has(told!.seq)
            ? Infinity
            : undefined;
    if (goneAt !== undefined && wasNotified(story, told!.at, goneAt)) {
      counts.lostAnnounced += 1; // Redis forgot it, and the client was told so
      continue;
    }
    if (told!.code === null)
      say(
        'lost',
        `${story.id}: action ${k} (${name}) was accepted${place}; the journal does not hold it there`,
        told!.at,
      );
    else
      say(
        'answer',
        `${story.id}: action ${k} (${name}) was refused (${told!.code})${place}; the journal says otherwise`,
        told!.at,
      );
  }
  if (verdicts.length - next > perhaps)
    say('doubled', `${story.id}: ${verdicts.length - next} verdicts more than it asked for; ${perhaps} may be its own`);
}

/** What Redis has forgotten has no place any more. */
const isGone = (history: History, told: Line<'told'>): boolean =>
  told.term === null ? history.goneSeqs.has(told.seq!) : history.gone.has(positionKey(told.term, told.seq!));

/** What was answered before another action was asked for comes before it in the journal, whoever asked. */
function realTime(history: History, stories: ReadonlyMap<string, ClientHistory>, say: Say): void {
  const certain = [...stories.values()].flatMap(({ id, asked }) =>
    asked.flatMap(a =>
      a.told?.seq === undefined || a.told.seq === null || isGone(history, a.told)
        ? []
        : [{ id, k: a.k, asked: a.at, told: a.told.at, seq: a.told.seq }],
    ),
  );
  const byTold = [...certain].sort((a, b) => a.told - b.told);
  const byAsked = [...certain].sort((a, b) => a.asked - b.asked);
  let upTo = 0;
  let latest: (typeof certain)[number] | null = null;
  for (const one of byAsked) {
    while (upTo < byTold.length && byTold[upTo]!.told < one.asked) {
      if (!latest || byTold[upTo]!.seq > latest.seq) latest = byTold[upTo]!;
      upTo += 1;
    }
    if (latest && one.seq <= latest.seq)
      say(
        'order',
        `${one.id}'s action ${one.k} stands at ${one.seq}, though ${latest.id}'s ${latest.k}, answered before it was asked, stands at ${latest.seq}`,
        one.asked,
      );
  }
  // Of one player: in the order in which they were asked.
  for (const { id, asked } of stories.values()) {
    let last = 0;
    for (const { k, told } of asked) {
      if (told?.seq === undefined || told.seq === null || isGone(history, told)) continue;
      if (told.seq < last)
        say('order', `${id}: action ${k} stands at ${told.seq}, the one before it at ${last}`, told.at);
      last = Math.max(last, told.seq);
    }
  }
}
