import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { goesRight, hz, inputsEach, players as arenaPlayers } from '../work/arena.ts';
import { cells, players as movePlayers } from '../work/moves.ts';
import { BoardgamePlayer } from './boardgame-player.ts';
import { ColyseusPlayer } from './colyseus-player.ts';
import type { Dialect, Game, Player, Seat } from './player.ts';
import { RejoinPlayer } from './rejoin-player.ts';
import { SocketIoPlayer } from './socket-io-player.ts';
import { visits } from './visits.ts';
import { WsPlayer } from './ws-player.ts';

export const dialects = {
  ws: WsPlayer.sitDown,
  'socket.io': SocketIoPlayer.sitDown,
  colyseus: ColyseusPlayer.sitDown,
  'boardgame.io': BoardgamePlayer.sitDown,
  rejoin: RejoinPlayer.sitDown,
} satisfies Record<string, Dialect>;

/** Whom to be: so many players of a contestant, by rooms. */
export interface CrowdOptions {
  dialect: keyof typeof dialects;
  variant: string | null;
  game: Game;
  urls: readonly string[];
  /**
   * Where the members of a room connect: all to one node, every other one to the next, or all to the node that runs the
   * room.
   */
  placement: 'one' | 'spread' | 'owner';
  clients: number;
  /** Moves: the pause (ms) between a verdict and the next move; Infinity: nobody moves. */
  think: number;
}

/** What happened between two moments. Times are ms. */
export interface CrowdCounts {
  seconds: number;
  deliveries: number;
  /** Moves with a verdict; inputs that were sent. */
  moves: number;
  inputs: number;
  bytesIn: number;
  bytesOut: number;
  /** From a move to its verdict, every one. */
  verdicts: number[];
  /** Of witnesses of arenas: how far the pauses between two deliveries were from the tick's. */
  jitter: number[];
  /** What was not as it must be, in words; empty: all was. */
  faults: string[];
}

/** How many play in a room. */
const size: Record<Game, number> = { ...arenaPlayers, moves: movePlayers, lobby: 1 };
/** Whether it is in real time. */
const isReal = (game: Game): boolean => game !== 'moves' && game !== 'lobby';
/** Rooms that sit down at the same time. */
const concurrentRooms = 12;
const steps = 20;

/**
 * Players of one contestant: they sit down, play, and are counted between `begin` and `end`. The same for all
 * contestants but for the dialect.
 */
export class Crowd {
  private readonly tag = randomBytes(3).toString('hex');
  private rooms: Player[][] = [];
  private baseline = { at: 0, deliveries: 0, bytesIn: 0, bytesOut: 0 };
  private isCounting = false;
  private isPlaying = false;
  private moves = 0;
  private inputs = 0;
  private visitCount = 0;
  /** Moves with a verdict, of each player, since they sat down. */
  private readonly confirmedMoves = new Map<Player, number>();
  private verdicts: number[] = [];
  private readonly refusals = new Map<string, number>();
  private loops: Promise<void>[] = [];
  private steerTimer: NodeJS.Timeout | null = null;

  constructor(private readonly options: CrowdOptions) {}

  private get all(): Player[] {
    return this.rooms.flat();
  }
  /** Without those who only watch, which there are in big rooms. */
  private get players(): Player[] {
    return this.rooms.flatMap(room => room.slice(0, size[this.options.game]));
  }

  async sitDown(): Promise<void> {
    const { clients, game } = this.options;
    if (game === 'lobby') return;
    const members = game === 'big' ? Math.max(clients, size.big) : size[game];
    const rooms = Math.max(1, Math.floor(clients / members));
    this.rooms = Array.from({ length: rooms }, () => []);
    let next = 0;
    await Promise.all(
      Array.from({ length: concurrentRooms }, async () => {
        for (let room = next++; room < rooms; room = next++) {
          for (let index = 0; index < members; index++) {
            this.rooms[room]!.push(
              await dialects[this.options.dialect](
                this.seat(room, index, index === 0 ? null : this.rooms[room]![0]!.room),
              ),
            );
          }
        }
      }),
    );
  }

  private seat(room: number, index: number, name: string | null): Seat {
    const { urls, game, variant, placement } = this.options;
    const k = room * size[game] + index;
    const node = placement === 'owner' ? 'owner' : placement === 'one' ? 0 : (room + index) % urls.length;
    return {
      game,
      urls,
      tag: this.tag,
      node,
      room,
      name,
      index,
      variant,
      watch: index >= size[game],
      witness: index === 0,
      address: `10.${1 + (k >> 8)}.${k & 0xff}.7`,
    };
  }

  play(): void {
    this.isPlaying = true;
    if (this.options.game === 'lobby')
      this.loops = Array.from({ length: this.options.clients }, () => this.visitLoop());
    else if (this.options.game === 'moves')
      this.loops = Number.isFinite(this.options.think) ? this.all.map(player => this.moveLoop(player)) : [];
    else this.steerAll(() => ({ x: Math.round(Math.random() * 200) - 100, y: Math.round(Math.random() * 200) - 100 }));
  }

  /** Each player says where to, ten times a second, at its own moment. */
  private steerAll(where: () => { x: number; y: number }): void {
    if (this.steerTimer) clearInterval(this.steerTimer);
    const everybody = this.players;
    const began = performance.now();
    const each = 1_000 / inputsEach / steps;
    let turned = 0;
    this.steerTimer = setInterval(() => {
      for (const due = Math.floor((performance.now() - began) / each); turned < due; turned++) {
        for (let i = turned % steps; i < everybody.length; i += steps) {
          everybody[i]!.steer(where());
          if (this.isCounting) this.inputs += 1;
        }
      }
    }, each);
  }

  private async moveLoop(player: Player): Promise<void> {
    await pause(Math.random() * this.options.think);
    while (this.isPlaying) {
      const asked = performance.now();
      try {
        await player.move(Math.floor(Math.random() * cells));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
        return;
      }
      this.confirmedMoves.set(player, (this.confirmedMoves.get(player) ?? 0) + 1);
      if (this.isCounting) {
        this.moves += 1;
        this.verdicts.push(performance.now() - asked);
      }
      // Not all for the same time: who moved together would move together for ever.
      if (this.options.think > 0) await pause(this.options.think * (0.5 + Math.random()));
    }
  }

  /** One visit after the other, each by somebody else. */
  private async visitLoop(): Promise<void> {
    const { urls, dialect } = this.options;
    const visit = visits[dialect];
    if (!visit) throw new Error(`${dialect} has no lobby`);
    while (this.isPlaying) {
      const k = this.visitCount++;
      const asked = performance.now();
      const refused = await visit(
        urls[k % urls.length]!,
        `10.${1 + ((k >> 16) & 0x7f)}.${(k >> 8) & 0xff}.${1 + (k & 0x7f)}`,
      ).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (refused !== null) this.refusals.set(refused, (this.refusals.get(refused) ?? 0) + 1);
      else if (this.isCounting) {
        this.moves += 1;
        this.verdicts.push(performance.now() - asked);
      }
    }
  }

  begin(): void {
    for (const [witness] of this.rooms) witness!.arenaObserver.reset();
    this.moves = this.inputs = 0;
    this.verdicts = [];
    this.baseline = this.readTotals();
    this.isCounting = true;
  }

  end(): CrowdCounts {
    this.isCounting = false;
    const now = this.readTotals();
    const seconds = (now.at - this.baseline.at) / 1_000;
    const counted = {
      seconds,
      deliveries: now.deliveries - this.baseline.deliveries,
      moves: this.moves,
      inputs: this.inputs,
      bytesIn: now.bytesIn - this.baseline.bytesIn,
      bytesOut: now.bytesOut - this.baseline.bytesOut,
      verdicts: this.verdicts,
      jitter: this.jitter(),
    };
    const slowed = this.all.reduce((n, p) => n + p.slowed, 0);
    const faults = [...this.refusals].map(([why, n]) => `${n} × ${why}`);
    if (slowed > 0)
      faults.push(
        `players were slowed down ${slowed} times by the server's limit for one player: more clients would not be`,
      );
    return { ...counted, faults: faults.concat(isReal(this.options.game) ? this.arenaFaults(counted) : []) };
  }

  private readTotals() {
    const sum = (of: (p: Player) => number) => this.all.reduce((n, p) => n + of(p), 0);
    return {
      at: performance.now(),
      deliveries: sum(p => p.deliveries),
      bytesIn: sum(p => p.bytesIn),
      bytesOut: sum(p => p.bytesOut),
    };
  }

  private jitter(): number[] {
    return !isReal(this.options.game)
      ? []
      : this.rooms.flatMap(([w]) =>
          w!.arenaObserver.arrivals.slice(1).map((at, i) => Math.abs(at - w!.arenaObserver.arrivals[i]! - 1_000 / hz)),
        );
  }

  private arenaFaults({
    seconds,
    deliveries,
    inputs,
  }: {
    seconds: number;
    deliveries: number;
    inputs: number;
  }): string[] {
    const faults: string[] = [];
    const each = deliveries / this.all.length / seconds;
    if (Math.abs(each / hz - 1) > 0.05) faults.push(`${each.toFixed(1)} deliveries a second and client, not ${hz}`);
    const said = inputs / this.players.length / seconds;
    if (Math.abs(said / inputsEach - 1) > 0.05)
      faults.push(`${said.toFixed(1)} inputs a second and player, not ${inputsEach}: the load generator is full`);
    const sum = (of: (witness: Player) => number) => this.rooms.reduce((n, [witness]) => n + of(witness!), 0);
    if (sum(w => w.arenaObserver.missed) > 0) faults.push(`${sum(w => w.arenaObserver.missed)} ticks were never seen`);
    if (sum(w => w.arenaObserver.unmoved) > 0)
      faults.push(`in ${sum(w => w.arenaObserver.unmoved)} deliveries not all had moved`);
    return faults;
  }

  /**
   * Afterwards: was the game really played, and where it should be? All are steered to the right until they go there;
   * all boards hold what was acknowledged.
   */
  async verify(): Promise<string[]> {
    return [...(await this.verifyGame()), ...(await this.verifyPlacement())];
  }

  /** Rooms are moved when nodes have more of them than others. */
  private async verifyPlacement(): Promise<string[]> {
    if (this.options.placement !== 'owner') return [];
    const onOwnerNode = await Promise.all(this.rooms.map(room => room.at(-1)!.isOnOwnerNode()));
    const away = onOwnerNode.filter(yes => !yes).length;
    return away === 0 ? [] : [`${away} of ${onOwnerNode.length} rooms had moved away from their players`];
  }

  private async verifyGame(): Promise<string[]> {
    const { game } = this.options;
    if (isReal(game)) {
      this.steerAll(() => ({ x: 100, y: 0 }));
      await pause(2_000);
      const offCourse = this.rooms.filter(
        ([w]) => w!.arenaObserver.crafts.length !== size[game] || !w!.arenaObserver.crafts.every(goesRight),
      ).length;
      return offCourse === 0
        ? []
        : [`in ${offCourse} of ${this.rooms.length} rooms craft did not go where they were steered`];
    }
    this.isPlaying = false;
    await Promise.race([Promise.all(this.loops), pause(5_000)]);
    await pause(300);
    let [lost, extra, differ] = [0, 0, 0];
    for (const room of this.rooms) {
      const made = room.reduce((n, p) => n + (this.confirmedMoves.get(p) ?? 0), 0);
      const totals = await Promise.all(room.map(async player => (await player.board()).total));
      lost += Math.max(0, made - Math.min(...totals));
      extra += Math.max(0, Math.max(...totals) - made);
      differ += totals.some(total => total !== totals[0]) ? 1 : 0;
    }
    return [
      ...(lost > 0 ? [`${lost} moves were acknowledged and lost`] : []),
      ...(extra > 0 ? [`${extra} moves more than were made`] : []),
      ...(differ > 0 ? [`in ${differ} of ${this.rooms.length} rooms members have different boards`] : []),
    ];
  }

  leave(): void {
    if (this.steerTimer) clearInterval(this.steerTimer);
    this.isPlaying = false;
    for (const player of this.all) player.close();
  }
}
