import { createHash } from 'node:crypto';
import { clock } from '../records.ts';
import type { Command } from './commands.ts';

const key = /\{r:([^}]+)\}:([mjs])$/;

/** What a server holds of a room, as far as it has been heard. */
export interface KnownRoom {
  game: string;
  term: string;
  seq: number;
  node: string;
  token: string;
}
/**
 * What happened to a room: a line of its record, and how to tell it from others: '' for snapshots, which change
 * nothing.
 */
export interface RoomLine {
  room: string;
  record: unknown[];
  key: string;
  term: string;
  seq: number;
}

/** The rooms of one Redis server, from the steps of its append-only file. */
export class RoomTracker {
  readonly known = new Map<string, KnownRoom>();

  /** All that a server began with. */
  begin(steps: readonly Command[][]): void {
    this.known.clear();
    for (const words of steps.flat()) {
      const found = words.length > 1 ? key.exec(words[1]!.toString()) : null;
      if (found?.[2] !== 'm' || !isHashSet(words)) continue;
      const fields = pairs(words);
      this.known.set(found[1]!, {
        game: fields.get('game') ?? '',
        term: fields.get('term') ?? '0',
        seq: Number(fields.get('seq') ?? 0),
        node: fields.get('node') ?? '',
        token: fields.get('tok') ?? '',
      });
    }
  }

  /**
   * What took effect together: a script's writes. Which script it was is told by what it wrote.
   * @returns what that did to a room
   */
  step(commands: readonly Command[]): RoomLine[] {
    let room = '';
    let entry: string | null = null;
    let snapshot: string | null = null;
    let removed = false;
    let fields = new Map<string, string>();
    const gone = new Set<string>();
    for (const words of commands) {
      const found = words.length > 1 ? key.exec(words[1]!.toString()) : null;
      if (!found) continue;
      room = found[1]!;
      const kind = found[2]!;
      const name = words[0]!.toString().toUpperCase();
      if (kind === 'j' && name === 'RPUSH') entry = words[2]!.toString();
      else if (kind === 's' && name === 'SET') snapshot = words[2]!.toString();
      else if (kind === 'm' && isHashSet(words)) fields = new Map([...fields, ...pairs(words)]);
      else if (kind === 'm' && name === 'HDEL') for (const word of words.slice(2)) gone.add(word.toString());
      else if (kind === 'm' && (name === 'DEL' || name === 'UNLINK')) removed = true;
    }
    return room === '' ? [] : this.note(room, { entry, snapshot, removed, fields, gone });
  }

  private note(
    room: string,
    {
      entry,
      snapshot,
      removed,
      fields,
      gone,
    }: {
      entry: string | null;
      snapshot: string | null;
      removed: boolean;
      fields: Map<string, string>;
      gone: Set<string>;
    },
  ): RoomLine[] {
    const at = Math.round(clock());
    const lines: RoomLine[] = [];
    if (fields.has('code') && snapshot !== null) {
      this.known.set(room, { game: fields.get('game') ?? '', term: '0', seq: 0, node: '', token: '' });
      return [{ room, record: ['made', at, fields.get('game'), snapshot], key: 'made', term: '0', seq: 0 }];
    }
    const known = this.known.get(room);
    if (!known) return []; // made before the tap was opened
    const put = (sign: string, ...record: unknown[]) =>
      lines.push({ room, record, key: sign, term: known.term, seq: known.seq });
    if (entry !== null) {
      known.seq = Number(fields.get('seq'));
      put(
        `entry ${known.term} ${known.seq} ${createHash('sha1').update(entry).digest('base64')}`,
        'entry',
        at,
        known.seq,
        Number(known.term),
        known.node,
        entry,
      );
    } else if (snapshot !== null) put('', 'snapshot', at, Number(fields.get('snap')), snapshot);
    // A hand-over writes a new token and term beside an entry or without one; an append writes neither.
    if (fields.has('term')) {
      known.term = fields.get('term')!;
      put(
        `claim ${known.term}`,
        'claim',
        at,
        Number(known.term),
        fields.get('node') ?? known.node,
        fields.get('terms') ?? '',
      );
    }
    known.game = fields.get('game') ?? known.game;
    known.node = fields.get('node') ?? known.node;
    known.token = fields.get('tok') ?? known.token;
    if (gone.has('tok')) known.token = '';
    if (removed) {
      put('removed', 'removed', at);
      this.known.delete(room);
    }
    return lines;
  }
}

const isHashSet = (words: Command): boolean => /^HM?SET$/i.test(words[0]!.toString());
const pairs = (words: Command): Map<string, string> =>
  new Map(
    Array.from({ length: (words.length - 2) >> 1 }, (_x, i) => [
      words[2 + 2 * i]!.toString(),
      words[3 + 2 * i]!.toString(),
    ]),
  );
