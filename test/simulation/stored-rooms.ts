import type { TestCluster } from '../../testkit/test-cluster.ts';

/** What the memory store keeps of a room besides its texts. */
export interface StoredRecord {
  token: string | null;
  term: number;
  seq: number;
  snapshotSeq: number;
  due: number | null;
  expires: number;
  occupied: boolean;
  terms: [number, number][];
}
export interface StoredTexts {
  snapshot: string;
  entries: string[];
}
interface Internals {
  table: { rooms: Map<string, StoredRecord> };
  texts: Map<string, StoredTexts>;
  replays: Map<string, unknown>;
}

/** The inside of a world's store: rooms, their texts, and recordings. */
export const insideStore = (world: Pick<TestCluster, 'memory'>): Internals => world.memory as unknown as Internals;

/** The maps and sets of the store that hold something, each in words. */
export function nonEmptyParts(world: Pick<TestCluster, 'memory'>): string[] {
  const { table } = insideStore(world);
  return [...Object.entries(world.memory), ...Object.entries(table)].flatMap(([name, value]: [string, unknown]) =>
    (value instanceof Map || value instanceof Set) && value.size > 0
      ? [`${value.size} ${name}, for example ${JSON.stringify([...value][0])?.slice(0, 160)}`]
      : [],
  );
}
