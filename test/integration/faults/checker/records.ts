import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What the tap wrote down of a room's journal. */
export type JournalLine =
  | { is: 'made'; at: number; game: string; snapshot: string }
  | { is: 'claim'; at: number; term: number; node: string; terms: string }
  | { is: 'entry'; at: number; seq: number; term: number; node: string; text: string }
  | { is: 'snapshot'; at: number; seq: number; text: string }
  /**
   * Redis is another one, or the same with less in it: the room's journal ends with this entry now, in this term (null:
   * as it was).
   */
  | { is: 'rolled-back'; at: number; seq: number; term: number | null }
  | { is: 'removed'; at: number };

/** What players wrote down; `id` is one client. */
export type PlayLine =
  | { is: 'held'; at: number; id: string; session: string; player: string; watch: boolean }
  | { is: 'asked'; at: number; id: string; k: number; name: string; line: string | null }
  | { is: 'told'; at: number; id: string; k: number; term: number | null; seq: number | null; code: string | null }
  | { is: 'saw'; at: number; id: string; term: number; seq: number; hash: string }
  | { is: 'moved' | 'closed'; at: number; id: string }
  | { is: 'resumed'; at: number; id: string; with: string; lost: boolean }
  | { is: 'ended'; at: number; id: string; code: string }
  | { is: 'rests'; at: number; id: string; term: number; seq: number }
  | { is: 'leaked'; at: number; id: string; owner: string; where: string };

export interface EffectLine {
  game: string;
  effect: string;
  room: string;
  match: number;
  key: string;
  data: unknown;
  node: string;
}

/** All that was written down of one room. */
export interface RoomRecords {
  id: string;
  journal: JournalLine[];
  play: PlayLine[];
  effects: EffectLine[];
}

const fields: Record<JournalLine['is'] | PlayLine['is'], readonly string[]> = {
  made: ['game', 'snapshot'],
  claim: ['term', 'node', 'terms'],
  entry: ['seq', 'term', 'node', 'text'],
  snapshot: ['seq', 'text'],
  'rolled-back': ['seq', 'term'],
  removed: [],
  held: ['id', 'session', 'player', 'watch'],
  asked: ['id', 'k', 'name', 'line'],
  told: ['id', 'k', 'term', 'seq', 'code'],
  saw: ['id', 'term', 'seq', 'hash'],
  moved: ['id'],
  closed: ['id'],
  resumed: ['id', 'with', 'lost'],
  ended: ['id', 'code'],
  rests: ['id', 'term', 'seq'],
  leaked: ['id', 'owner', 'where'],
};

/** A line as it was written: what it is, when, and its fields in their order. */
export function lineOf(parts: readonly unknown[]): JournalLine | PlayLine {
  const [is, at, ...rest] = parts as [JournalLine['is'], number, ...unknown[]];
  const line: Record<string, unknown> = { is, at };
  fields[is].forEach((name, i) => {
    line[name] = rest[i] ?? null;
  });
  return line as unknown as JournalLine;
}

function* linesOf(file: string): Generator<unknown> {
  if (!existsSync(file)) return;
  for (const text of readFileSync(file, 'utf8').split('\n')) if (text !== '') yield JSON.parse(text);
}

/** The rooms of a run, one after the other, so that only one is in memory. */
export function* roomsIn(folder: string): Generator<RoomRecords> {
  const effects = new Map<string, EffectLine[]>();
  for (const line of linesOf(join(folder, 'effects.jsonl'))) {
    const one = line as EffectLine;
    const there = effects.get(one.room);
    if (there) there.push(one);
    else effects.set(one.room, [one]);
  }
  const rooms = join(folder, 'rooms');
  for (const file of readdirSync(rooms).sort()) {
    const id = /^(.+)\.journal\.jsonl$/.exec(file)?.[1];
    if (id === undefined) continue;
    const read = (name: string) =>
      [...linesOf(join(rooms, `${id}.${name}.jsonl`))].map(line => lineOf(line as unknown[]));
    yield {
      id,
      journal: read('journal') as JournalLine[],
      play: read('play') as PlayLine[],
      effects: effects.get(id) ?? [],
    };
  }
}
