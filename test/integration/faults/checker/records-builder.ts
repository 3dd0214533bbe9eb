import { hashOf } from '../canonical.ts';
import { checkRoom } from './check.ts';
import type { ViolationKind } from './findings.ts';
import { requireBranch, applyChange, list, type Tree } from './json.ts';
import { lineOf, type EffectLine, type JournalLine, type PlayLine, type RoomRecords } from './records.ts';

/**
 * Writes the records of a ledger room in which all went well, for tests to falsify: two players, a match, one term
 * after the other. Everything is of one millisecond more than what came before it.
 */
export class RecordsBuilder {
  readonly journal: JournalLine[] = [];
  readonly play: PlayLine[] = [];
  readonly effects: EffectLine[] = [];
  readonly doc: Tree;
  seq = 0;
  term = 1_000;
  private at = 0;
  private readonly numbers = [0, 0];
  private readonly asked = [0, 0];
  private looks = true;

  constructor() {
    const seat = (i: number) => ({ player: `player-${i}`, session: `session-${i}`, closed: [], base: 0, verdicts: {} });
    this.doc = {
      room: { phase: 'playing', match: 1, seats: [{ player: 'player-0' }, { player: 'player-1' }] },
      state: { lines: [], rung: [], secrets: ['', ''] },
      hidden: { clock: 5_000, timers: {}, seats: [seat(0), seat(1)], effects: {}, effectCount: 0 },
    } as unknown as Tree;
    this.note('made', 'ledger@1', JSON.stringify({ v: 4, doc: this.doc }));
    this.claim();
    for (const i of [0, 1]) this.hear('held', `p${i}`, `session-${i}`, `player-${i}`, false);
  }

  /** A new owner. */
  claim(): void {
    this.term += 1_000;
    this.note('claim', this.term, `node-${this.term}`, '');
  }

  /** A player writes a line, is told so, and both see it. @returns the id of the line */
  write(who: 0 | 1): string {
    const id = `p${who}.${this.seq}`;
    this.act(who, 'write', id, null, {
      state: { lines: { [list(requireBranch(this.doc, 'state')['lines']).length]: id } },
    });
    return id;
  }
  refuse(who: 0 | 1): void {
    this.act(who, 'refuse', `p${who}.${this.seq}`, 'as-you-wish', {});
  }
  arm(who: 0 | 1, ms = 5): string {
    const id = `p${who}.${this.seq}`;
    this.act(who, 'arm', id, null, {
      hidden: { timers: { ring: [{ at: Number(requireBranch(this.doc, 'hidden')['clock']) + ms, data: { id } }] } },
    });
    return id;
  }
  ring(id: string): void {
    this.entry(
      {
        state: { rung: { [list(requireBranch(this.doc, 'state')['rung']).length]: id } },
        hidden: { timers: { ring: [] } },
      },
      10,
    );
  }
  /** An effect that is asked for, done, and struck out. */
  effect(name: 'record' | 'report' = 'record'): string {
    const key = `room.${this.seq}`;
    this.entry({ hidden: { effects: { [key]: [{ name, data: { id: key }, match: 1 }] } } });
    this.effects.push({ game: 'ledger', effect: name, room: 'room', match: 1, key, data: { id: key }, node: 'node' });
    this.entry({ hidden: { effects: { [key]: [] } } });
    return key;
  }
  snapshot(): void {
    this.note('snapshot', this.seq, JSON.stringify({ v: 4, doc: this.doc }));
  }
  rest(): void {
    for (const i of [0, 1]) this.hear('rests', `p${i}`, this.term, this.seq);
  }
  wait(ms: number): void {
    this.at += ms;
  }
  /** What is done in `during` is seen by nobody. */
  unseen(during: () => void): void {
    this.looks = false;
    during();
    this.looks = true;
  }

  /** Asks, and gets no answer. @returns its number */
  ask(who: 0 | 1, id: string): number {
    const k = ++this.asked[who]!;
    this.hear('asked', `p${who}`, k, 'write', id);
    return k;
  }

  act(who: 0 | 1, name: string, id: string, code: string | null, by: Tree): void {
    const k = ++this.asked[who]!;
    const n = ++this.numbers[who]!;
    this.hear('asked', `p${who}`, k, name, id);
    const seq = this.seq + 1;
    const seats = { [who]: { base: n, verdicts: { [n]: code === null ? seq : [[seq, code, '']] } } };
    this.entry({ ...by, hidden: { ...requireBranch(by, 'hidden'), seats } } as Tree);
    this.hear('told', `p${who}`, k, code === null ? this.term : null, seq, code);
  }

  entry(by: Tree, ms = 1): void {
    const clock = Number(requireBranch(this.doc, 'hidden')['clock']) + ms;
    const whole = { ...by, hidden: { ...requireBranch(by, 'hidden'), clock } } as Tree;
    applyChange(this.doc, whole);
    this.seq += 1;
    this.note('entry', this.seq, this.term, `node-${this.term}`, entryText(whole));
    if (this.looks) for (const i of [0, 1]) this.see(i);
  }

  see(i: number): void {
    const { lines, rung, secrets } = requireBranch(this.doc, 'state');
    this.hear(
      'saw',
      `p${i}`,
      this.term,
      this.seq,
      hashOf({ room: this.doc['room'], state: { lines: lines!, rung: rung!, secret: list(secrets)[i]! } }),
    );
  }

  note(...parts: unknown[]): void {
    this.journal.push(lineOf([parts[0], ++this.at, ...parts.slice(1)]) as JournalLine);
  }
  hear(...parts: unknown[]): void {
    this.play.push(lineOf([parts[0], ++this.at, ...parts.slice(1)]) as PlayLine);
  }

  /** The last line of a kind, to be falsified in place. */
  last<K extends PlayLine['is']>(is: K, id?: string): PlayLine & { is: K } {
    return this.play.findLast(l => l.is === is && (id === undefined || l.id === id)) as PlayLine & { is: K };
  }
  entryAt(seq: number): JournalLine & { is: 'entry' } {
    return this.journal.find(l => l.is === 'entry' && l.seq === seq) as JournalLine & { is: 'entry' };
  }
  /** Changes what an entry says. */
  rewrite(seq: number, how: (changes: Tree) => void): void {
    const line = this.entryAt(seq);
    const [, visible, clock, hidden] = JSON.parse(line.text) as [number, Tree, number, Tree];
    const changes = { ...visible, hidden: { ...hidden, clock } } as Tree;
    how(changes);
    line.text = entryText(changes);
  }

  /** One entry more, with a change that the document here does not take part in. */
  rewriteLast(changes: Tree): void {
    this.entry({});
    this.rewrite(this.seq, c => Object.assign(c, changes));
  }

  /** What the checker finds wrong, each kind once. `durable`: with a Redis that must lose nothing. */
  wrongs(wall = 0, durable = false): ViolationKind[] {
    const room: RoomRecords = { id: 'room', journal: this.journal, play: this.play, effects: this.effects };
    return [...new Set(checkRoom(structuredClone(room), { wall, durable }).map(f => f.wrong))].sort();
  }
}

/** A room in which much happened, and all of it right. */
export function buildValidRoom(): RecordsBuilder {
  const f = new RecordsBuilder();
  for (let i = 0; i < 5; i++) f.write((i % 2) as 0 | 1);
  f.refuse(0);
  f.claim();
  f.ring(f.arm(1));
  f.effect();
  f.snapshot();
  for (let i = 0; i < 5; i++) f.write(0);
  f.claim();
  f.effect('report');
  f.write(1);
  f.rest();
  return f;
}

/** An entry as it is stored. */
function entryText({ hidden, ...visible }: Tree): string {
  const { clock, ...rest } = hidden as Tree;
  return JSON.stringify([4, visible, clock, rest]);
}
