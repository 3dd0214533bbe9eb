import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { clock, type Records } from '../records.ts';
import { readCommands, type Command } from './commands.ts';

const key = /\{r:([^}]+)\}:([mjs])$/;
const piece = 4 * 1024 * 1024;

/** What the tap has heard of a room's ownership. */
interface Known { term: string; node: string; token: string }

/**
 * Writes down every journal entry, claim and snapshot of every room, by reading the append-only file of Redis as it grows.
 *
 * Journals are trimmed behind their snapshots, so somebody has to keep what passes by. To ask Redis each 100 ms would load
 * the very part that is under test, and would miss what is written and trimmed while the lab itself is starved; the file has
 * all of it, in the order in which it took effect, each script's writes as one step, and exactly what a crash of Redis leaves
 * behind: what a client saw and this file has not, was never durable.
 */
export class Tap {
  private fd: number | null = null;
  private file = 0;
  private offset = 0;
  private readonly rooms = new Map<string, Known>();
  private timer: NodeJS.Timeout | null = null;
  entries = 0;

  /** @param folder Redis's `appendonlydir` */
  constructor(private readonly folder: string, private readonly records: Records) {}

  start(): void {
    const again = () => {
      this.read();
      this.timer = setTimeout(again, 100);
    };
    again();
  }
  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.read();
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  /** The rooms that each node owns, as of the last claims: names of nodes as the launcher gives them. */
  owners(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [room, { node, token }] of this.rooms) {
      if (token === '') continue;
      const name = node.replace(/~.*$/, '');
      found.set(name, [...(found.get(name) ?? []), room]);
    }
    return found;
  }

  /** Reads to the end of what there is. A rewrite begins another file before it ends, and what is open can be read though it is removed. */
  read(): void {
    for (;;) {
      if (this.fd === null && !this.open(this.file)) return;
      this.drain();
      const next = this.files().find(n => n > this.file);
      if (next === undefined) return;
      this.drain(); // what came between the reading and the looking
      closeSync(this.fd!);
      this.fd = null;
      this.file = next;
    }
  }

  private files(): number[] {
    try {
      return readdirSync(this.folder).flatMap(name => /\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
    } catch {
      return [];
    }
  }

  private open(wanted: number): boolean {
    const n = this.files().find(file => file >= wanted);
    if (n === undefined) return false;
    this.fd = openSync(join(this.folder, `appendonly.aof.${n}.incr.aof`), 'r');
    this.file = n;
    this.offset = 0;
    return true;
  }

  private drain(): void {
    for (let most = piece; ;) {
      const buffer = Buffer.allocUnsafe(most);
      const got = readSync(this.fd!, buffer, 0, most, this.offset);
      const { steps, used } = readCommands(buffer.subarray(0, got));
      this.offset += used;
      for (const step of steps) this.step(step);
      if (got < most) return;
      most = used === 0 ? most * 2 : piece; // a step larger than the piece
    }
  }

  /** What took effect together: a script's writes. Which script it was is told by what it wrote. */
  private step(commands: Command[]): void {
    let room = '';
    let entry: string | null = null;
    let snapshot: string | null = null;
    let removed = false;
    const fields = new Map<string, string>();
    const gone = new Set<string>();
    for (const words of commands) {
      const found = words.length > 1 ? key.exec(words[1]!.toString()) : null;
      if (!found) continue;
      room = found[1]!;
      const kind = found[2]!;
      const name = words[0]!.toString().toUpperCase();
      if (kind === 'j' && name === 'RPUSH') entry = words[2]!.toString();
      else if (kind === 's' && name === 'SET') snapshot = words[2]!.toString();
      else if (kind === 'm' && (name === 'HSET' || name === 'HMSET')) for (let i = 2; i + 1 < words.length; i += 2) fields.set(words[i]!.toString(), words[i + 1]!.toString());
      else if (kind === 'm' && name === 'HDEL') for (const word of words.slice(2)) gone.add(word.toString());
      else if (kind === 'm' && (name === 'DEL' || name === 'UNLINK')) removed = true;
    }
    if (room !== '') this.note(room, { entry, snapshot, removed, fields, gone });
  }

  private note(room: string, { entry, snapshot, removed, fields, gone }: { entry: string | null; snapshot: string | null; removed: boolean; fields: Map<string, string>; gone: Set<string> }): void {
    const at = Math.round(clock());
    const put = (...line: unknown[]) => this.records.put(room, line);
    if (fields.has('code') && snapshot !== null) {
      this.rooms.set(room, { term: '0', node: '', token: '' });
      put('made', at, fields.get('game'), snapshot);
      return;
    }
    const known = this.rooms.get(room);
    if (!known) return; // made before the tap was opened
    if (entry !== null) {
      this.entries += 1;
      put('entry', at, Number(fields.get('seq')), Number(known.term), known.node, entry);
    } else if (snapshot !== null) put('snapshot', at, Number(fields.get('snap')), snapshot);
    // A hand-over writes a new token and term beside an entry or without one; an append writes neither.
    if (fields.has('term')) {
      known.term = fields.get('term')!;
      put('claim', at, Number(known.term), fields.get('node') ?? known.node, fields.get('terms') ?? '');
    }
    known.node = fields.get('node') ?? known.node;
    known.token = fields.get('tok') ?? known.token;
    if (gone.has('tok')) known.token = '';
    if (removed) {
      put('removed', at);
      this.rooms.delete(room);
    }
  }
}
