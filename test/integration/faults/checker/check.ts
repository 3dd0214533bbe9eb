import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAnswers, clientHistoriesOf, wasNotified, type ClientHistory } from './answers.ts';
import { checkGameState, checkEffects, checkTimers } from './game-state.ts';
import { noCounts, type Counts, type Finding, type ViolationKind } from './findings.ts';
import { positionKey, readHistory, type History } from './history.ts';
import type { Tree } from './json.ts';
import { roomsIn, type PlayLine, type RoomRecords } from './records.ts';
import { isKnownGame, ExpectedViews } from './views.ts';

/** Findings of one kind in one room that are told one by one; a broken run would tell millions. */
const toldEach = 5;
/** A client hears of a room's head once a second or two, and then asks. */
const toCatchUp = 5_000;

export interface Checked {
  findings: Finding[];
  counts: Counts;
}
/** What a run says of itself besides its rooms. */
export interface RunEnd {
  wall: number;
  /**
   * Whether Redis was one that must lose nothing that anybody was told: then what is lost is wrong, also where it was
   * announced.
   */
  durable?: boolean;
}

/**
 * Checks all rooms of a run. Linear in what was written down: the journal is a total order, and everything names its
 * place in it.
 */
export function checkRun(folder: string): Checked {
  const end = JSON.parse(readFileSync(join(folder, 'end.json'), 'utf8')) as RunEnd;
  const findings: Finding[] = [];
  const counts = noCounts();
  for (const room of roomsIn(folder)) findings.push(...checkRoom(room, end, counts));
  return { findings, counts };
}

export function checkRoom(room: RoomRecords, end: RunEnd, counts: Counts = noCounts()): Finding[] {
  const findings: Finding[] = [];
  const told = new Map<ViolationKind, number>();
  const say = (wrong: ViolationKind, says: string, at?: number) => {
    const n = (told.get(wrong) ?? 0) + 1;
    told.set(wrong, n);
    if (n <= toldEach) findings.push({ wrong, room: room.id, says, ...(at === undefined ? {} : { at }) });
  };
  counts.rooms += 1;
  const stories = clientHistoriesOf(room.play);
  const seen = seenPlaces(room.play);
  const history = readHistory(
    room.journal,
    (doc, game, term, seq) => compare(doc, game, seen.get(positionKey(term, seq)), say, counts),
    say,
    counts,
  );
  if (!history) {
    if (room.play.length > 0 || room.journal.some(line => line.is === 'entry'))
      say('history', 'the making of the room was not written down');
    return findings;
  }
  const before = counts.lostAnnounced;
  neverDurable(history, room.play, stories, say, counts);
  checkAnswers(history, stories, say, counts);
  if (end.durable && counts.lostAnnounced > before)
    say(
      'lost',
      `${counts.lostAnnounced - before} times something was seen or answered that is lost, with a Redis that must lose nothing`,
    );
  for (const { id, lostAt } of stories.values())
    if (history.rolledBack.length === 0 && lostAt.length > 0)
      say('answer', `${id} was told that something is lost, and nothing is`, lostAt[0]);
  checkGameState(history, stories, say, counts);
  checkTimers(history, end.wall, say, counts);
  checkEffects(history, room.effects, say, counts);
  caughtUp(history, room.play, say);
  for (const line of room.play)
    if (line.is === 'leaked') say('leaked', `${line.id} received a secret of ${line.owner}, in ${line.where}`, line.at);
  for (const [wrong, n] of told)
    if (n > toldEach) findings.push({ wrong, room: room.id, says: `… and ${n - toldEach} more of these` });
  return findings;
}

interface Seen {
  id: string;
  hash: string;
  at: number;
  player: string | null;
}

function seenPlaces(play: readonly PlayLine[]): Map<string, Seen[]> {
  const who = new Map<string, string | null>();
  const seen = new Map<string, Seen[]>();
  for (const line of play) if (line.is === 'held') who.set(line.id, line.watch ? null : line.player);
  for (const line of play) {
    if (line.is !== 'saw') continue;
    const key = positionKey(line.term, line.seq);
    const one: Seen = { id: line.id, hash: line.hash, at: line.at, player: who.get(line.id) ?? null };
    const there = seen.get(key);
    if (there) there.push(one);
    else seen.set(key, [one]);
  }
  return seen;
}

function compare(
  doc: Tree,
  game: string,
  seen: readonly Seen[] | undefined,
  say: (wrong: ViolationKind, says: string, at?: number) => void,
  counts: Counts,
): void {
  if (!seen || !isKnownGame(game)) return;
  const views = new ExpectedViews(game, doc);
  for (const { id, hash, at, player } of seen) {
    counts.views += 1;
    if (views.hash(player) !== hash)
      say(
        'diverged',
        `${id} saw something else at ${JSON.stringify((doc['hidden'] as Tree)['clock'])} than the journal leads to`,
        at,
      );
  }
}

/**
 * Whatever a client saw, or was told the place of, is in the journal; unless Redis forgot it, and the client was told
 * so.
 */
function neverDurable(
  history: History,
  play: readonly PlayLine[],
  stories: ReadonlyMap<string, ClientHistory>,
  say: (wrong: ViolationKind, says: string, at?: number) => void,
  counts: Counts,
): void {
  for (const line of play) {
    if (line.is !== 'saw') continue;
    const key = positionKey(line.term, line.seq);
    if (history.gone.has(key)) {
      const story = stories.get(line.id)!;
      if (wasNotified(story, line.at, history.gone.get(key)!)) counts.lostAnnounced += 1;
      else say('not-durable', `${line.id} saw ${key}, which was lost, and was never told so`, line.at);
    } else if (!history.places.has(key)) say('not-durable', `${line.id} saw ${key}, which no entry has`, line.at);
  }
}

/** After all play had been over for a while everybody is where the journal was then. */
function caughtUp(
  history: History,
  play: readonly PlayLine[],
  say: (wrong: ViolationKind, says: string, at?: number) => void,
): void {
  for (const line of play) {
    if (line.is !== 'rests') continue;
    const missed = history.facts[line.seq]; // the entry after the one where it is
    if (missed && missed.at < line.at - toCatchUp)
      say(
        'behind',
        `${line.id} rests at ${line.seq}; entry ${missed.seq} had been there for ${Math.round(line.at - missed.at)} ms`,
        line.at,
      );
  }
}
