import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { DataFolder } from '../../../server/store/file/data-folder.ts';
import { FileStore } from '../../../server/store/file/file-store.ts';
import { MemoryStore } from '../../../server/store/memory-store.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { StoreError, type Store } from '../../../server/store/store.ts';
import { inProcess } from '../../unit/store/database-in-process.ts';
import { seededRandom } from '../seeded-random.ts';
import { drawSequence, readEverything, type StoreCall } from './operations.ts';

/** Names the terms of a store by their order in their room: T1, T2, …; two stores never give the same. */
class Terms {
  /** The highest of all. */
  term = 0;
  private readonly rooms = new Map<string, number[]>();

  /** A reply with names for its terms. */
  in(reply: unknown, room: string): unknown {
    // The room was created again.
    if (reply === 'ok' || (reply as { how?: unknown } | null)?.how === 'made') this.rooms.delete(room);
    if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return reply ?? null;
    const named: Record<string, unknown> = Object.fromEntries(
      Object.entries(reply).map(([key, value]) => [
        key,
        key === 'owner' || key === 'previous' ? this.in(value, room) : value,
      ]),
    );
    if (typeof named['term'] === 'number') named['term'] = this.name(room, named['term']);
    if (Array.isArray(named['terms']))
      named['terms'] = (named['terms'] as [number, number][]).map(([term, first]) => [this.name(room, term), first]);
    return named;
  }

  private name(room: string, term: number): string {
    const known = this.rooms.get(room) ?? [0];
    this.rooms.set(room, known);
    if (!known.includes(term)) {
      assert.ok(term > known.at(-1)!, `term ${term} after ${known.at(-1)}`);
      known.push(term);
      this.term = Math.max(this.term, term);
    }
    return `T${known.indexOf(term)}`;
  }
}

/** A reply, or how the call failed. */
const answerOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (error instanceof StoreError) return `StoreError ${error.applied}`;
    throw error;
  });

export interface ConformanceResult {
  sequences: number;
  operations: number;
}

/** A store that is compared with the memory store. */
interface Candidate {
  readonly name: string;
  /** Empty. */
  open(seed: number): Promise<Store>;
  /** The same store in the next process: nobody owns a room. Missing: rooms keep their owners. */
  reopen?(): Promise<Store>;
  close(): Promise<void>;
}

/** One database of a Redis, which is emptied for each sequence. */
async function redisCandidate(url: string): Promise<Candidate> {
  const store = new RedisStore({ url, prefix: 'c:', clock: realClock, log: noLog, deadline: 30_000 });
  const admin = createClient({ url, socket: { connectTimeout: 30_000 } });
  admin.on('error', () => {}); // its commands fail, and say so
  await Promise.all([store.connect(), admin.connect()]);
  return {
    name: 'redis',
    open: async () => (await admin.flushDb(), store),
    close: async () => {
      await store.close();
      admin.destroy();
    },
  };
}

/** A file in a new folder for each sequence. */
function fileCandidate(): Candidate {
  let opened: { store: FileStore; path: string } | null = null;
  let random = seededRandom(0);
  const openIn = async (path: string): Promise<Store> => {
    const store = await FileStore.open({
      folder: new DataFolder(path),
      sync: 'everysec',
      clock: realClock,
      entropy: { bytes: n => new Uint8Array(n), float: () => random() },
      log: noLog,
      startThread: inProcess,
    });
    opened = { store, path };
    return store;
  };
  const close = async () => {
    await opened?.store.close();
    if (opened) rmSync(opened.path, { recursive: true });
    opened = null;
  };
  return {
    name: 'file',
    open: async seed => {
      await close();
      random = seededRandom(seed);
      return openIn(mkdtempSync(join(tmpdir(), 'rejoin-conformance-')));
    },
    reopen: async () => {
      const { store, path } = opened!;
      await store.close();
      return openIn(path);
    },
    close,
  };
}

/**
 * Asks the memory store and another one the same sequences, and compares every reply. Then the other one is opened
 * again, as by the next process, and everything that can be read is compared.
 *
 * @param other `file`, or the URL of a Redis of its own: databases are emptied
 * @throws AssertionError with the seed and the sequence up to where the replies differ
 */
export async function runConformance(
  other: string,
  how: { from: number; sequences: number; length?: number; concurrency?: number },
): Promise<ConformanceResult> {
  const { from, sequences, length = 14, concurrency = 2 } = how;
  const total: ConformanceResult = { sequences: 0, operations: 0 };
  let next = from;
  const compareInTurn = async (number: number): Promise<void> => {
    const candidate = other === 'file' ? fileCandidate() : await redisCandidate(`${other}/${number}`);
    try {
      while (next < from + sequences) {
        const seed = next++;
        const operations = await compareSequence(seed, candidate, length);
        total.operations += operations;
        total.sequences += 1;
      }
    } finally {
      next = Infinity;
      await candidate.close();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_x, i) => compareInTurn(i)));
  return total;
}

/** @returns the number of calls that were compared */
async function compareSequence(seed: number, candidate: Candidate, length: number): Promise<number> {
  const random = seededRandom(seed);
  const memory = new MemoryStore(realClock, { bytes: n => new Uint8Array(n), float: random });
  let store = await candidate.open(seed);
  const [expectedTerms, actualTerms] = [new Terms(), new Terms()];
  const transcript: string[] = [];
  const compare = async ({ what, room = '', ask }: StoreCall, withOwner = true): Promise<void> => {
    const reply = async (of: Store, terms: Terms) => {
      const named = terms.in(await answerOf(ask(of, terms)), room);
      return withOwner ? named : withoutOwner(named);
    };
    const [expected, actual] = [await reply(memory, expectedTerms), await reply(store, actualTerms)];
    transcript.push(`${what}\n    memory ${JSON.stringify(expected)}`);
    const { name } = candidate;
    assert.deepEqual(
      actual,
      expected,
      `sequence ${seed}:\n${transcript.join('\n')}\n    ${name.padEnd(6)} ${JSON.stringify(actual)}`,
    );
  };
  for (const call of drawSequence(seededRandom(seed), length)) await compare(call);
  if (candidate.reopen) {
    store = await candidate.reopen();
    transcript.push('--- opened again');
    for (const call of readEverything()) await compare(call, false);
  }
  return transcript.length;
}

/** A reply without what a restart of the only node changes: who owns the room. */
function withoutOwner(reply: unknown): unknown {
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return reply;
  const { owner: _, node: __, token: ___, formerNode: ____, ...rest } = reply as Record<string, unknown>;
  return rest;
}
