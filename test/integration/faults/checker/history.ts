import { canonical } from '../canonical.ts';
import type { Counts, ViolationKind } from './findings.ts';
import { requireBranch, applyChange, isTree, list, type Json, type Tree } from './json.ts';
import { ledgerIn } from './ledger.ts';
import type { JournalLine } from './records.ts';

export interface Verdict {
  session: string;
  n: number;
  code: string | null;
}
/** What one entry did, as far as it can be held against what others say. */
export interface EntryFact {
  seq: number;
  term: number;
  at: number;
  verdicts: Verdict[];
  /** Ids that the ledger has written down; cells that a board has filled. */
  lines: string[];
  cells: number;
  rung: string[];
  asked: { key: string; name: string; match: number; data: string }[];
  struck: string[];
}
export interface History {
  game: string;
  facts: EntryFact[];
  /** Entries that were there once and are no more. */
  rolledBack: EntryFact[];
  /** Their places, and when they were gone for good. */
  gone: Map<string, number>;
  /** Their numbers alone: refusals are told without a term. */
  goneSeqs: Set<number>;
  /** The document at the end. */
  doc: Tree;
  /** By seq and term: at which entries a document was looked at. */
  places: Set<string>;
  removed: boolean;
}
export const positionKey = (term: number, seq: number): string => `${term} ${seq}`;

type Say = (wrong: ViolationKind, says: string, at?: number) => void;

/** Walks a room's journal from its making on, and looks at the document after each entry. */
export function readHistory(
  journal: readonly JournalLine[],
  look: (doc: Tree, game: string, term: number, seq: number) => void,
  say: Say,
  counts: Counts,
): History | null {
  const made = journal.find(line => line.is === 'made');
  if (!made) return null;
  const game = made.game.replace(/@.*$/, '');
  const first = (): Tree => requireBranch(JSON.parse(made.snapshot) as Json, 'doc');
  const history: History = {
    game,
    facts: [],
    rolledBack: [],
    gone: new Map(),
    goneSeqs: new Set(),
    doc: first(),
    places: new Set([positionKey(0, 0)]),
    removed: false,
  };
  const kept: { text: string }[] = [];
  let term = 0;
  let highest = 0;
  look(history.doc, game, 0, 0);
  for (const line of journal) {
    switch (line.is) {
      case 'made':
        break;
      case 'removed':
        history.removed = true;
        break;
      case 'claim':
        counts.claims += 1;
        if (line.term <= highest) say('history', `a term ${line.term} after ${highest}`, line.at);
        term = highest = Math.max(highest, line.term);
        break;
      case 'rolled-back':
        for (const fact of history.facts.splice(line.seq)) {
          history.rolledBack.push(fact);
          history.gone.set(positionKey(fact.term, fact.seq), line.at);
          history.goneSeqs.add(fact.seq);
        }
        if (line.term !== null) term = line.term;
        kept.length = history.facts.length;
        history.doc = first();
        for (const { text } of kept) applyChange(history.doc, changesIn(text));
        break;
      case 'snapshot': {
        if (line.seq !== history.facts.length) break;
        counts.snapshots += 1;
        const doc = requireBranch(JSON.parse(line.text) as Json, 'doc');
        if (canonical(doc) !== canonical(history.doc))
          say('diverged', `the snapshot at ${line.seq} is not what the entries lead to`, line.at);
        break;
      }
      case 'entry': {
        counts.entries += 1;
        const head = history.facts.length;
        if (line.seq !== head + 1) say('history', `entry ${line.seq} after ${head}`, line.at);
        if (line.term !== term) say('history', `entry ${line.seq} of term ${line.term}, in the term ${term}`, line.at);
        try {
          const fact = apply(history.doc, line, say);
          history.facts.push(fact);
          kept.push(line);
        } catch (error) {
          say('history', `entry ${line.seq} does not fit: ${String(error)}`, line.at);
          return history; // nothing after it can be judged
        }
        history.places.add(positionKey(line.term, line.seq));
        look(history.doc, game, line.term, line.seq);
      }
    }
  }
  return history;
}

function apply(doc: Tree, line: JournalLine & { is: 'entry' }, say: Say): EntryFact {
  const by = changesIn(line.text);
  const before = lookAt(doc);
  applyChange(doc, by);
  const after = lookAt(doc);
  const fact: EntryFact = {
    seq: line.seq,
    term: line.term,
    at: line.at,
    verdicts: [],
    lines: [],
    cells: 0,
    rung: [],
    asked: [],
    struck: [],
  };
  if (after.clock < before.clock)
    say('history', `the room's clock went back by ${before.clock - after.clock} ms at entry ${line.seq}`, line.at);
  // A match that begins has a state of its own: nothing of the last one is in it.
  const same = before.match === after.match;
  const oldLines = same ? before.lines : 0;
  const pages = after.state === null ? null : ledgerIn(after.state);
  fact.lines = pages?.lines.slice(oldLines).map(String) ?? [];
  fact.rung = pages?.rung.slice(same ? before.rung : 0).map(String) ?? [];
  if (after.version < before.version)
    say('history', `entry ${line.seq} takes the room from version ${before.version} back to ${after.version}`, line.at);
  if (same && pages && pages.lines.length < oldLines)
    say('history', `entry ${line.seq} leaves ${pages.lines.length} of ${oldLines} lines`, line.at);
  fact.cells = after.filled - (same ? before.filled : 0);
  verdictsOf(doc, by, before, line, fact, say);
  for (const [key, effect] of Object.entries(after.effects))
    if (!(key in before.effects))
      fact.asked.push({
        key,
        name: String(requireBranch(effect)['name']),
        match: Number(requireBranch(effect)['match']),
        data: canonical(requireBranch(effect)['data']),
      });
  fact.struck = Object.keys(before.effects).filter(key => !(key in after.effects));
  ring(before, after, fact, same, say);
  return fact;
}

/** An entry: [version, visible changes, the room's clock, hidden changes or 0, events]. */
function changesIn(text: string): Tree {
  const [, visible, clock, hidden] = JSON.parse(text) as Json[];
  return { ...requireBranch(visible!), hidden: { ...(isTree(hidden) ? hidden : {}), clock: clock! } } as Tree;
}

interface Look {
  version: number;
  clock: number;
  match: number;
  state: Tree | null;
  lines: number;
  rung: number;
  filled: number;
  effects: Tree;
  ring: { id: string; at: number } | null;
  phase: string;
  bases: Map<string, number>;
}

/** What there is to compare; numbers, where the thing itself changes in place. */
function lookAt(doc: Tree): Look {
  const hidden = requireBranch(doc, 'hidden');
  const state = isTree(doc['state']) ? doc['state'] : null;
  const timer = requireBranch(hidden, 'timers', 'ring');
  const pages = state && ledgerIn(state);
  return {
    version: Number(hidden['stateVersion'] ?? 1),
    clock: Number(hidden['clock']),
    match: Number(requireBranch(doc, 'room')['match']),
    phase: String(requireBranch(doc, 'room')['phase']),
    state,
    lines: pages?.lines.length ?? 0,
    rung: pages?.rung.length ?? 0,
    filled: list(state?.['board']).filter(cell => cell !== null).length,
    effects: { ...requireBranch(hidden, 'effects') },
    ring: 'at' in timer ? { id: String(requireBranch(timer, 'data')['id']), at: Number(timer['at']) } : null,
    bases: new Map(
      list(hidden['seats']).flatMap(seat =>
        isTree(seat) ? [[String(seat['session']), Number(seat['base'])] as const] : [],
      ),
    ),
  };
}

/** The verdicts that this entry gives: those of numbers above the base that its session had. */
function verdictsOf(
  doc: Tree,
  by: Tree,
  before: Look,
  line: { seq: number; at: number },
  fact: EntryFact,
  say: Say,
): void {
  if (!('seats' in requireBranch(by, 'hidden'))) return;
  for (const seat of list(requireBranch(doc, 'hidden')['seats'])) {
    if (!isTree(seat)) continue;
    const session = String(seat['session']);
    const verdicts = requireBranch(seat, 'verdicts');
    for (let n = (before.bases.get(session) ?? 0) + 1; n <= Number(seat['base']); n++) {
      const verdict = verdicts[n];
      if (verdict === undefined) {
        say('history', `entry ${line.seq} counts to ${n} for a session, and holds no verdict for it`, line.at);
        continue;
      }
      const seq = Array.isArray(verdict) ? Number(verdict[0]) : Number(verdict);
      if (seq !== line.seq)
        say('history', `entry ${line.seq} holds a verdict that says it is of entry ${seq}`, line.at);
      fact.verdicts.push({ session, n, code: Array.isArray(verdict) ? String(verdict[1]) : null });
    }
  }
}

/** The ledger's timer: it goes only by firing, once, not before its time; or with its match. */
function ring(before: Look, after: Look, fact: EntryFact, same: boolean, say: Say): void {
  const over = !same || (after.phase !== 'playing' && before.phase === 'playing');
  for (const id of fact.rung) {
    if (before.ring?.id !== id) say('timer', `entry ${fact.seq}: ${id} fired, and was not set`, fact.at);
    else if (after.clock < before.ring.at)
      say('timer', `entry ${fact.seq}: ${id} fired ${before.ring.at - after.clock} ms too early`, fact.at);
  }
  if (before.ring !== null && after.ring?.id !== before.ring.id && !fact.rung.includes(before.ring.id) && !over)
    say('timer', `entry ${fact.seq}: ${before.ring.id} is gone, and did not fire`, fact.at);
}
