import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Client, type ConnectOptions, type Room } from '../../client/index.ts';
import type { Routing } from '../../tools/local-cluster/nginx-conf.ts';
import { cells } from '../work/moves.ts';
import { moves } from '../work/games.ts';

/** Rooms that sit down at the same time. */
const concurrentRooms = 12;

export interface Where {
  url: string;
  routing: Routing;
  /** How many players in a row have one address: one house. */
  house: number;
  transport?: 'websocket' | 'polling';
}

/** One player, by the SDK as an app would use it: it moves, waits for the verdict, thinks, and moves again. */
export class MovingPlayer {
  /** When (performance.now()) it heard a verdict, and how long that took. */
  verdicts: { at: number; took: number }[] = [];
  /** How often it had no line. */
  disconnects = 0;
  refused = 0;
  private playing: Promise<void> | null = null;
  private isStopped = false;

  constructor(
    readonly client: Client,
    readonly room: Room<(typeof moves)['def']>,
  ) {
    let live = true;
    client.onStatus(({ state }) => {
      if (live && state !== 'live') this.disconnects += 1;
      live = state === 'live';
    });
  }

  get node(): string | null {
    return this.client.status.state === 'live' ? this.client.status.node : null;
  }

  play(think: number): void {
    this.playing ??= this.loop(think);
  }
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.playing;
  }

  /** Makes one move. @returns whether it was accepted */
  async move(): Promise<boolean> {
    const asked = performance.now();
    const said = await this.room.act.move({ cell: Math.floor(Math.random() * cells), k: 0 });
    const at = performance.now();
    if (said.ok) this.verdicts.push({ at, took: at - asked });
    else this.refused += 1;
    return said.ok;
  }

  private async loop(think: number): Promise<void> {
    await pause(Math.random() * think);
    while (!this.isStopped) {
      await this.move();
      await pause(think * (0.75 + Math.random() / 2));
    }
  }
}

/** Who comes k-th. Addresses follow each other by /24, which is what `ip_hash` looks at, houses as a whole. */
const connectOptions = (k: number, { routing, house, transport }: Where, room: string | null): ConnectOptions => {
  const address = Math.floor(k / house);
  return {
    storage: null,
    ...(transport ? { transports: [transport] } : {}),
    ...(routing === 'room' ? { byRoom: room ?? true } : {}),
    socket: { extraHeaders: { 'x-forwarded-for': `10.${1 + (address >> 8)}.${address & 0xff}.7` } },
  };
};

/**
 * A room of its own: the first player makes it, the others have its link. `k`: the number of the first among all
 * players.
 */
export async function seatRoom(where: Where, members: number, k: number): Promise<MovingPlayer[]> {
  const first = connect(where.url, connectOptions(k, where, null));
  const opened: Client[] = [first];
  try {
    const seated = [new MovingPlayer(first, await first.create(moves, { private: true }))];
    for (let i = 1; i < members; i++) {
      const client = connect(where.url, connectOptions(k + i, where, seated[0]!.room.id));
      opened.push(client);
      seated.push(new MovingPlayer(client, await client.join(moves, { id: seated[0]!.room.id })));
    }
    return seated;
  } catch (error) {
    for (const client of opened) client.close();
    throw error;
  }
}

/** So many rooms of so many players. */
export async function seatAll(where: Where, rooms: number, members: number): Promise<MovingPlayer[][]> {
  const seated: MovingPlayer[][] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrentRooms }, async () => {
      for (let room = next++; room < rooms; room = next++) seated.push(await seatRoom(where, members, room * members));
    }),
  );
  return seated;
}
