import type { StoreCall, TestCluster } from '../../testkit/test-cluster.ts';

interface Kept {
  token: string | null;
  term: number;
  seq: number;
  due: number | null;
  terms: [number, number][];
  entries: string[];
}
/** A store that can forget its last writes, as a replica that lagged behind when it took over. */
export interface StoreRollback {
  after(call: StoreCall): void;
  /** @returns what the room is now, null where there is nothing to forget */
  rollBack(writes: number): (Kept & { lastTerm: number }) | null;
}

const writing: readonly string[] = ['append', 'claim', 'pass', 'release', 'snapshot'];

/** Keeps what the store was after each write to the one room of the world, once it has players. */
export function recordStoreStates(world: TestCluster): StoreRollback {
  const { rooms } = world.memory as unknown as { rooms: Map<string, Kept> };
  const past: Kept[] = [];
  return {
    after({ op, room }) {
      if (!writing.includes(op) || room === undefined) return;
      const now = rooms.get(room);
      if (now) past.push({ ...now, terms: now.terms.map(t => [...t] as [number, number]), entries: [...now.entries] });
    },
    rollBack(writes) {
      const id = rooms.keys().next().value;
      const back = past.at(-1 - writes);
      // Not behind the beginning of the match: those who play are not to be thrown out of a room that does not know
      // them.
      if (id === undefined || !back || back.seq < 3) return null;
      past.length -= writes;
      rooms.set(id, { ...back, terms: back.terms.map(t => [...t] as [number, number]), entries: [...back.entries] });
      const ofSeq = [...back.terms].reverse().find(([, first]) => first <= back.seq);
      return { ...back, lastTerm: ofSeq?.[0] ?? 0 };
    },
  };
}
