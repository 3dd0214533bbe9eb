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

export const dialects = { ws: WsPlayer.sitDown, 'socket.io': SocketIoPlayer.sitDown, colyseus: ColyseusPlayer.sitDown, 'boardgame.io': BoardgamePlayer.sitDown, rejoin: RejoinPlayer.sitDown } satisfies Record<string, Dialect>;

/** Whom to be: so many players of a contestant, by rooms. */
export interface CrowdOrder {
  dialect: keyof typeof dialects;
  variant: string | null;
  game: Game;
  urls: readonly string[];
  /** Where the members of a room connect: all to one node, every other one to the next, or all to the node that runs the room. */
  spread: 'one' | 'spread' | 'owner';
  clients: number;
  /** Moves: the pause (ms) between a verdict and the next move; Infinity: nobody moves. */
  think: number;
}

/** What happened between two moments. Times are ms. */
export interface Counted {
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
const lanes = 12;
const steps = 20;

/** Players of one contestant: they sit down, play, and are counted between `begin` and `end`. The same for all contestants but for the dialect. */
export class Crowd {
  private readonly tag = randomBytes(3).toString('hex');
  private rooms: Player[][] = [];
  private began = { at: 0, deliveries: 0, bytesIn: 0, bytesOut: 0 };
  private counting = false;
  private playing = false;
  private moves = 0;
  private inputs = 0;
  private visitors = 0;
  /** Moves with a verdict, of each player, since they sat down. */
  private readonly made = new Map<Player, number>();
  private verdicts: number[] = [];
  private readonly refusals = new Map<string, number>();
  private loops: Promise<void>[] = [];
  private wheel: NodeJS.Timeout | null = null;

  constructor(private readonly order: CrowdOrder) {}

  private get all(): Player[] { return this.rooms.flat(); }
  /** Without those who only watch, which there are in big rooms. */
  private get players(): Player[] { return this.rooms.flatMap(room => room.slice(0, size[this.order.game])); }

  async sitDown(): Promise<void> {
    const { clients, game } = this.order;
    if (game === 'lobby') return;
    const members = game === 'big' ? Math.max(clients, size.big) : size[game];
    const rooms = Math.max(1, Math.floor(clients / members));
    this.rooms = Array.from({ length: rooms }, () => []);
    let next = 0;
    await Promise.all(Array.from({ length: lanes }, async () => {
      for (let room = next++; room < rooms; room = next++) {
        for (let index = 0; index < members; index++) {
          this.rooms[room]!.push(await dialects[this.order.dialect](this.seat(room, index, index === 0 ? null : this.rooms[room]![0]!.room)));
        }
      }
    }));
  }

  private seat(room: number, index: number, name: string | null): Seat {
    const { urls, game, variant, spread } = this.order;
    const k = room * size[game] + index;
    const node = spread === 'owner' ? 'owner' : spread === 'one' ? 0 : (room + index) % urls.length;
    return { game, urls, tag: this.tag, node, room, name, index, variant, watch: index >= size[game], witness: index === 0, address: `10.${1 + (k >> 8)}.${k & 0xff}.7` };
  }

  play(): void {
    this.playing = true;
    if (this.order.game === 'lobby') this.loops = Array.from({ length: this.order.clients }, () => this.comeAndGo());
    else if (this.order.game === 'moves') this.loops = Number.isFinite(this.order.think) ? this.all.map(player => this.loop(player)) : [];
    else this.steerAll(() => ({ x: Math.round(Math.random() * 200) - 100, y: Math.round(Math.random() * 200) - 100 }));
  }

  /** Each player says where to, ten times a second, at its own moment. */
  private steerAll(where: () => { x: number; y: number }): void {
    if (this.wheel) clearInterval(this.wheel);
    const everybody = this.players;
    const began = performance.now();
    const each = 1_000 / inputsEach / steps;
    let turned = 0;
    this.wheel = setInterval(() => {
      for (const due = Math.floor((performance.now() - began) / each); turned < due; turned++) {
        for (let i = turned % steps; i < everybody.length; i += steps) {
          everybody[i]!.steer(where());
          if (this.counting) this.inputs += 1;
        }
      }
    }, each);
  }

  private async loop(player: Player): Promise<void> {
    await pause(Math.random() * this.order.think);
    while (this.playing) {
      const asked = performance.now();
      try {
        await player.move(Math.floor(Math.random() * cells));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
        return;
      }
      this.made.set(player, (this.made.get(player) ?? 0) + 1);
      if (this.counting) {
        this.moves += 1;
        this.verdicts.push(performance.now() - asked);
      }
      // Not all for the same time: who moved together would move together for ever.
      if (this.order.think > 0) await pause(this.order.think * (0.5 + Math.random()));
    }
  }

  /** One visit after the other, each by somebody else. */
  private async comeAndGo(): Promise<void> {
    const { urls, dialect } = this.order;
    const visit = visits[dialect];
    if (!visit) throw new Error(`${dialect} has no lobby`);
    while (this.playing) {
      const k = this.visitors++;
      const asked = performance.now();
      const refused = await visit(urls[k % urls.length]!, `10.${1 + ((k >> 16) & 0x7f)}.${(k >> 8) & 0xff}.${1 + (k & 0x7f)}`).then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error)));
      if (refused !== null) this.refusals.set(refused, (this.refusals.get(refused) ?? 0) + 1);
      else if (this.counting) {
        this.moves += 1;
        this.verdicts.push(performance.now() - asked);
      }
    }
  }

  begin(): void {
    for (const [witness] of this.rooms) witness!.seen.forget();
    this.moves = this.inputs = 0;
    this.verdicts = [];
    this.began = this.look();
    this.counting = true;
  }

  end(): Counted {
    this.counting = false;
    const now = this.look();
    const seconds = (now.at - this.began.at) / 1_000;
    const counted = { seconds, deliveries: now.deliveries - this.began.deliveries, moves: this.moves, inputs: this.inputs, bytesIn: now.bytesIn - this.began.bytesIn, bytesOut: now.bytesOut - this.began.bytesOut, verdicts: this.verdicts, jitter: this.jitter() };
    const slowed = this.all.reduce((n, p) => n + p.slowed, 0);
    const faults = [...this.refusals].map(([why, n]) => `${n} × ${why}`);
    if (slowed > 0) faults.push(`players were slowed down ${slowed} times by the server's limit for one player: more clients would not be`);
    return { ...counted, faults: faults.concat(isReal(this.order.game) ? this.arenaFaults(counted) : []) };
  }

  private look() {
    const sum = (of: (p: Player) => number) => this.all.reduce((n, p) => n + of(p), 0);
    return { at: performance.now(), deliveries: sum(p => p.deliveries), bytesIn: sum(p => p.bytesIn), bytesOut: sum(p => p.bytesOut) };
  }

  private jitter(): number[] { return !isReal(this.order.game) ? [] : this.rooms.flatMap(([w]) => w!.seen.arrivals.slice(1).map((at, i) => Math.abs(at - w!.seen.arrivals[i]! - 1_000 / hz))); }

  private arenaFaults({ seconds, deliveries, inputs }: { seconds: number; deliveries: number; inputs: number }): string[] {
    const faults: string[] = [];
    const each = deliveries / this.all.length / seconds;
    if (Math.abs(each / hz - 1) > 0.05) faults.push(`${each.toFixed(1)} deliveries a second and client, not ${hz}`);
    const said = inputs / this.players.length / seconds;
    if (Math.abs(said / inputsEach - 1) > 0.05) faults.push(`${said.toFixed(1)} inputs a second and player, not ${inputsEach}: the load generator is full`);
    const sum = (of: (witness: Player) => number) => this.rooms.reduce((n, [witness]) => n + of(witness!), 0);
    if (sum(w => w.seen.missed) > 0) faults.push(`${sum(w => w.seen.missed)} ticks were never seen`);
    if (sum(w => w.seen.still) > 0) faults.push(`in ${sum(w => w.seen.still)} deliveries not all had moved`);
    return faults;
  }

  /** Afterwards: was the game really played, and where it should be? All are steered to the right until they go there; all boards hold what was acknowledged. */
  async prove(): Promise<string[]> { return [...(await this.proveGame()), ...(await this.provePlace())]; }

  /** Rooms are moved when nodes have more of them than others. */
  private async provePlace(): Promise<string[]> {
    if (this.order.spread !== 'owner') return [];
    const beside = await Promise.all(this.rooms.map(room => room.at(-1)!.isBesideOwner()));
    const away = beside.filter(yes => !yes).length;
    return away === 0 ? [] : [`${away} of ${beside.length} rooms had moved away from their players`];
  }

  private async proveGame(): Promise<string[]> {
    const { game } = this.order;
    if (isReal(game)) {
      this.steerAll(() => ({ x: 100, y: 0 }));
      await pause(2_000);
      const astray = this.rooms.filter(([w]) => w!.seen.crafts.length !== size[game] || !w!.seen.crafts.every(goesRight)).length;
      return astray === 0 ? [] : [`in ${astray} of ${this.rooms.length} rooms craft did not go where they were steered`];
    }
    this.playing = false;
    await Promise.race([Promise.all(this.loops), pause(5_000)]);
    await pause(300);
    let [lost, extra, differ] = [0, 0, 0];
    for (const room of this.rooms) {
      const made = room.reduce((n, p) => n + (this.made.get(p) ?? 0), 0);
      const totals = await Promise.all(room.map(async player => (await player.board()).total));
      lost += Math.max(0, made - Math.min(...totals));
      extra += Math.max(0, Math.max(...totals) - made);
      differ += totals.some(total => total !== totals[0]) ? 1 : 0;
    }
    return [
      ...(lost > 0 ? [`${lost} moves were acknowledged and lost`] : []), ...(extra > 0 ? [`${extra} moves more than were made`] : []),
      ...(differ > 0 ? [`in ${differ} of ${this.rooms.length} rooms members have different boards`] : []),
    ];
  }

  leave(): void {
    if (this.wheel) clearInterval(this.wheel);
    this.playing = false;
    for (const player of this.all) player.close();
  }
}
