import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { MemoryStore } from '../../../server/store/memory-store.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { StoreError, type Store } from '../../../server/store/store.ts';
import { seededRandom } from '../seeded-random.ts';
import { drawSequence } from './operations.ts';

/** Says the terms of a store by their order in their room: T1, T2, …; two stores never give the same. */
class Terms {
  /** The highest that was given. */
  term = 0;
  private readonly rooms = new Map<string, number[]>();

  /** A reply with its terms said by name. */
  in(reply: unknown, room: string): unknown {
    // it was made anew
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

/** A reply, or what became of it. */
const answer = async (asked: Promise<unknown>): Promise<unknown> =>
  asked.catch((error: unknown) => {
    if (error instanceof StoreError) return `StoreError ${error.applied}`;
    throw error;
  });

export interface ConformanceResult {
  sequences: number;
  operations: number;
}

/**
 * Asks the memory store and a real Redis the same sequences, and compares every reply. One Redis database is emptied
 * for each sequence: give it a server of its own.
 * @throws AssertionError with the seed and the sequence up to where the replies differ
 */
export async function runConformance(
  url: string,
  how: { from: number; sequences: number; length?: number; lanes?: number },
): Promise<ConformanceResult> {
  const { from, sequences, length = 14, lanes = 2 } = how;
  const total: ConformanceResult = { sequences: 0, operations: 0 };
  let next = from;
  const lane = async (database: number): Promise<void> => {
    const at = `${url}/${database}`;
    const real = new RedisStore({ url: at, prefix: 'c:', clock: realClock, log: noLog, deadline: 30_000 });
    const admin = createClient({ url: at, socket: { connectTimeout: 30_000 } });
    admin.on('error', () => {
      /* what is asked of it fails, and says so */
    });
    await Promise.all([real.connect(), admin.connect()]);
    try {
      while (next < from + sequences) {
        const seed = next++;
        await admin.flushDb();
        const asked = await one(seed, real, length);
        total.operations += asked;
        total.sequences += 1;
      }
    } finally {
      next = Infinity;
      await real.close();
      admin.destroy();
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_x, i) => lane(i)));
  return total;
}

async function one(seed: number, real: Store, length: number): Promise<number> {
  const random = seededRandom(seed);
  const memory = new MemoryStore(realClock, { bytes: n => new Uint8Array(n), float: random });
  const [inMemory, inRedis] = [new Terms(), new Terms()];
  const told: string[] = [];
  for (const { what, room = '', ask } of drawSequence(seededRandom(seed), length)) {
    const [here, there] = [
      inMemory.in(await answer(ask(memory, inMemory)), room),
      inRedis.in(await answer(ask(real, inRedis)), room),
    ];
    told.push(`${what}\n    memory ${JSON.stringify(here)}`);
    assert.deepEqual(there, here, `sequence ${seed}:\n${told.join('\n')}\n    redis  ${JSON.stringify(there)}`);
  }
  return told.length;
}
