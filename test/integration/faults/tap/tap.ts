import { clock, type Records } from '../records.ts';
import { AppendOnlyReader } from './append-only.ts';
import { Lineage } from './lineage.ts';
import { RoomTracker } from './room-tracker.ts';

/**
 * Writes down every journal entry, claim and snapshot of every room, by reading the append-only file of Redis as it
 * grows.
 *
 * Journals are trimmed behind their snapshots, so somebody has to keep what passes by. To ask Redis each 100 ms would
 * load the very part that is under test, and would miss what is written and trimmed while the lab itself is starved;
 * the file has all of it, in the order in which it took effect, each script's writes as one step, and exactly what a
 * crash of Redis leaves behind: what a client saw and this file has not, was never durable.
 *
 * Of a master with replicas all files are read: what a new master lacks is written down as rolled back.
 */
export class Tap {
  private readonly servers: { name: string; rooms: RoomTracker; file: AppendOnlyReader }[];
  private readonly lineage: Lineage | null;
  private timer: NodeJS.Timeout | null = null;
  /** Entries that a new master lacked. */
  gone = 0;

  /** @param folders each server's `appendonlydir` by its name; the first one is the master */
  constructor(
    folders: ReadonlyMap<string, string>,
    private readonly records: Records,
  ) {
    const lineage = (this.lineage =
      folders.size > 1 ? new Lineage([...folders.keys()][0]!, (room, record) => records.put(room, record)) : null);
    this.servers = [...folders].map(([name, folder]) => {
      const rooms = new RoomTracker();
      const file = new AppendOnlyReader(folder, {
        step: commands => {
          for (const line of rooms.step(commands))
            if (lineage) lineage.heard(name, line);
            else records.put(line.room, line.record);
        },
        ...(lineage
          ? {
              base: steps => {
                rooms.begin(steps);
                lineage.began(name, rooms.known);
              },
            }
          : {}),
      });
      return { name, rooms, file };
    });
  }

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
    for (const { file } of this.servers) file.close();
  }

  /** Reads to the end of what there is; the master first, so that no other is ahead of it for long. */
  read(): void {
    for (const { file } of [this.master, ...this.servers.filter(s => s !== this.master)]) file.read();
  }

  /** The sentinels have made another one the master. */
  switched(name: string): void {
    this.lineage?.switched(name);
  }

  /** All replicas follow the master, and what was before it takes nothing any more. */
  settle(): void {
    this.read();
    this.gone += this.lineage?.settle(Math.round(clock())) ?? 0;
    this.records.flush();
  }

  /** The rooms that each node owns, as of the last claims: names of nodes as the launcher gives them. */
  owners(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [room, { node, token }] of this.master.rooms.known) {
      if (token === '') continue;
      const name = node.replace(/~.*$/, '');
      found.set(name, [...(found.get(name) ?? []), room]);
    }
    return found;
  }

  /** The versions of a game that owned rooms are of, by room. */
  versions(game: string): Map<string, number> {
    return new Map(
      [...this.master.rooms.known]
        .filter(([, known]) => known.token !== '' && known.game.startsWith(`${game}@`))
        .map(([room, known]) => [room, Number(known.game.slice(game.length + 1))]),
    );
  }

  private get master(): (typeof this.servers)[number] {
    return this.servers.find(s => s.name === this.lineage?.master) ?? this.servers[0]!;
  }
}
