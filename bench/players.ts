import { connect, type Client, type Room } from '../client/index.ts';
import { tally } from './tally.ts';

type TallyRoom = Room<(typeof tally)['def']>;

/** A verdict as a player got it: which number, under which term, and when (performance.now()). */
export interface Verdict {
  k: number;
  term: number;
  at: number;
  took: number;
}

/** One player in a closed loop: act, wait for the verdict, think, act again. Records all it hears. */
export class Player {
  readonly acked: number[] = [];
  readonly refusals: string[] = [];
  verdicts: Verdict[] = [];
  private k = 0;
  private running: Promise<void> | null = null;
  private isStopping = false;
  /** Ends the pause for thought. */
  private endPause = () => {};

  constructor(
    readonly client: Client,
    readonly room: TallyRoom,
    private readonly think: number,
  ) {}

  get node(): string | null {
    return this.client.status.state === 'live' ? this.client.status.node : null;
  }

  start(): void {
    this.isStopping = false;
    this.running = this.play();
  }
  /** Ends after the verdict that is awaited; may be started again. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.endPause();
    await this.running;
  }
  /** Acts now, if it is thinking. */
  actNow(): void {
    this.endPause();
  }

  private async play(): Promise<void> {
    await this.pause(Math.random() * this.think); // so that they do not all act at once for ever
    while (!this.isStopping) {
      const k = ++this.k;
      const asked = performance.now();
      const reply = await this.room.act.add({ k });
      const at = performance.now();
      if (reply.ok) {
        this.acked.push(k);
        this.verdicts.push({ k, term: reply.position[0], at, took: at - asked });
      } else this.refusals.push(reply.code);
      if (!this.isStopping) await this.pause(this.think);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise(done => {
      const timer = setTimeout(done, ms);
      this.endPause = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}

/** Two players in each of so many rooms, every player from another network (/24), as nginx sees it. */
export async function seatPlayers(url: string, rooms: number, think: number): Promise<Player[][]> {
  let network = 0;
  const from = () => {
    network += 1;
    return { extraHeaders: { 'x-forwarded-for': `10.${Math.floor(network / 250)}.${network % 250}.7` } };
  };
  const seated: Player[][] = [];
  let begun = 0;
  const seatRoom = async () => {
    const clients = [connect(url, { storage: null, socket: from() }), connect(url, { storage: null, socket: from() })];
    const first = await clients[0]!.create(tally, { private: true });
    const second = await clients[1]!.join(tally, { id: first.id });
    seated.push([new Player(clients[0]!, first, think), new Player(clients[1]!, second, think)]);
  };
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (begun++ < rooms) await seatRoom();
    }),
  );
  return seated;
}

/**
 * Compares a room with the verdicts that its players received. Returns what is wrong; nothing if all is well. `lost`: acknowledged,
 * but not in the state. `missing`: a number was applied before the one in front of it, which never came, or came later.
 */
export function countFaults(players: readonly Player[]): {
  lost: number;
  doubled: number;
  missing: number;
  diverged: number;
} {
  const states = players.map(p => JSON.stringify(p.room.state));
  const state = players[0]!.room.state!;
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  return {
    lost: sum(players.map(p => Math.max(0, (p.acked.at(-1) ?? 0) - state.last[p.room.seat!]!))),
    doubled: sum(state.again),
    missing: sum(state.missing),
    diverged: states.some(s => s !== states[0]) ? 1 : 0,
  };
}
