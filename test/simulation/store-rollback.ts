import type { TestCluster } from '../../testkit/test-cluster.ts';
import type { StoreCall } from '../../testkit/faulty-store.ts';
import { insideStore, type StoredRecord, type StoredTexts } from './stored-rooms.ts';

type Kept = StoredRecord & StoredTexts;
/** A store that can forget its last writes, as a replica that lagged behind when it took over. */
export interface StoreRollback {
  after(call: StoreCall): void;
  /** @returns what the room is now, null where there is nothing to forget */
  rollBack(writes: number): (Kept & { lastTerm: number }) | null;
}

const writing: readonly string[] = ['append', 'claim', 'pass', 'release', 'snapshot'];

/** Keeps what the store was after each write to the one room of the world, once it has players. */
export function recordStoreStates(world: TestCluster): StoreRollback {
  const {
    table: { rooms },
    texts,
  } = insideStore(world);
  const past: { record: StoredRecord; text: StoredTexts }[] = [];
  return {
    after({ op, room }) {
      if (!writing.includes(op) || room === undefined) return;
      const [record, text] = [rooms.get(room), texts.get(room)];
      if (record && text) past.push(structuredClone({ record, text }));
    },
    rollBack(writes) {
      const id = rooms.keys().next().value;
      const back = past.at(-1 - writes);
      // Not behind the beginning of the match: those who play are not to be thrown out of a room that does not know
      // them.
      if (id === undefined || !back || back.record.seq < 3) return null;
      past.length -= writes;
      const { record, text } = structuredClone(back);
      rooms.set(id, record);
      texts.set(id, text);
      const ofSeq = [...record.terms].reverse().find(([, first]) => first <= record.seq);
      return { ...back.record, ...back.text, lastTerm: ofSeq?.[0] ?? 0 };
    },
  };
}
