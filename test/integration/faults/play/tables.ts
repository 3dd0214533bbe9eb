import { arena, type Arena } from '../../../../shared/games/arena/contract.ts';
import { fourInARow, type Four } from '../../../../shared/games/four-in-a-row/contract.ts';
import { liarsDice, type DiceView } from '../../../../shared/games/liars-dice/contract.ts';
import type { Random } from '../../../../shared/random.ts';
import { ledger } from '../node/ledger.ts';
import { arenaStrategy, diceStrategy, fourStrategy, type MoveStrategy } from './move-strategies.ts';
import type { HangResult } from './play-workload.ts';
import { retryUntil, Player, type AnyContract, type PlayerParts } from './player.ts';

/** How one game is played at a table of the lab. */
export interface PlayStyle {
  game: AnyContract;
  seats: number;
  options: object;
  /** Begins and goes on by a word of the host; otherwise by itself, and by everybody's agreement. */
  host: boolean;
  /** Ms between two looks of a player at the table. */
  every: number;
  /** What a player does when it looks. `n` counts its looks. */
  look(player: Player, random: Random, n: number): void;
}

/** A room whose rules hang three times within an hour is taken out of play: after two, a table goes to another one. */
const hangsOfARoom = 2;

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

/** A room and those who play in it, match after match, for as long as the lab runs. */
export class Table {
  players: Player[] = [];
  private over = false;
  private readonly busy = new Set<Player>();
  private lives = 0;
  private hanging = false;
  private leaves = false;
  /** How often a rule has been made to hang here. */
  hangs = 0;

  constructor(
    readonly name: string,
    readonly style: PlayStyle,
    private readonly parts: PlayerParts,
    private readonly addresses: readonly string[],
    private readonly random: Random,
  ) {}

  get room(): string | null {
    return this.players[0]?.room?.id ?? null;
  }

  /** Sits down, and plays. A table whose room is gone begins another one. */
  async run(): Promise<void> {
    while (!this.over) {
      this.leaves = false;
      if (!(await this.sitDown())) continue;
      await Promise.all(this.players.map((_player, i) => this.play(i)));
      if (this.room) this.parts.meter.end(this.room);
      for (const player of this.players) if (!this.over) player.close();
    }
  }

  /** No more moves. What is under way is waited for by whoever asks `waiting`. */
  stop(): void {
    this.over = true;
  }
  get waiting(): number {
    return this.players.reduce((n, p) => n + p.waiting, 0);
  }

  /** A player's process ends, and is started again: the same player, another session. */
  async restartOne(): Promise<void> {
    const i = this.random.int(0, this.players.length - 1);
    const old = this.players[i];
    const id = old?.room?.id;
    if (!old || id === undefined || this.over || this.hanging || this.leaves) return;
    old.close();
    const anew = this.player(i, old.identity);
    this.players[i] = anew;
    if (
      !(await retryUntil(
        () => anew.sit(this.style.game, id),
        () => this.over,
      ))
    )
      return;
  }

  /**
   * One of the players asks for what hangs, again if the match was just over.
   * @returns where, and what the player was told in the end
   */
  async hang(): Promise<HangResult> {
    this.hanging = true;
    try {
      for (let n = 0; n < 20; n++) {
        const player = this.random.pick(this.players);
        const room = player.room;
        if (room?.info.phase !== 'playing' || !player.playing) {
          await pause(250);
          continue;
        }
        const { code = '' } = await player.act('hang', { id: `${player.id}.hang${this.hangs}-${n}` });
        if (code === 'not-playing') continue; // the match has just ended
        this.hangs += 1;
        if (this.hangs % hangsOfARoom === 0) this.leaves = true;
        return { room: room.id, code };
      }
      return { room: '', code: '' };
    } finally {
      this.hanging = false;
    }
  }

  private player(i: number, token: string | null = null): Player {
    return new Player(`${this.name}s${i}_${++this.lives}`, this.parts, this.addresses[i]!, token);
  }

  private async sitDown(): Promise<boolean> {
    const { game, seats, options } = this.style;
    this.players = Array.from({ length: seats }, (_, i) => this.player(i));
    const id = await retryUntil(
      () => this.players[0]!.make(game, options),
      () => this.over,
    );
    if (id === null) return false;
    for (const player of this.players.slice(1))
      if (
        (await retryUntil(
          () => player.sit(game, id).then(() => true),
          () => this.over,
        )) === null
      )
        return false;
    this.parts.meter.begin(id, game.name);
    return true;
  }

  /** The loop of one seat: looks at the table, and does something or not. Ends when the room is gone. */
  private async play(i: number): Promise<void> {
    for (let n = 0; !this.over && !this.leaves; n++) {
      await pause(this.style.every * (0.8 + 0.4 * this.random.next()));
      const player = this.players[i]!;
      const { room } = player;
      if (this.over || !room) continue; // it is being started again
      if (room.ended) {
        if (room.ended.code === 'left' || room.ended.code === 'session-replaced') continue;
        return; // the room is gone: another table
      }
      if (room.info.phase === 'playing') this.style.look(player, this.random, n);
      else if (!this.busy.has(player)) await this.again(player);
    }
  }

  /** Between matches. */
  private async again(player: Player): Promise<void> {
    const room = player.room!;
    const { seat } = room;
    if (seat === null) return;
    const seated = room.info.seats.filter(s => s !== null).length;
    const mine = this.style.host
      ? room.info.host === seat && seated >= this.style.seats
      : room.info.phase === 'ended' && !room.info.seats[seat]!.rematch;
    if (!mine) return;
    this.busy.add(player);
    await player.engine(this.style.host ? '$start' : '$rematch');
    this.busy.delete(player);
  }
}

/** At most so many of a player's actions under way: two, so that their order is at stake. */
const underWay = 2;

const byTurns =
  <S>(mind: MoveStrategy<S>) =>
  (player: Player, random: Random): void => {
    const { room } = player;
    if (room!.seat === null || room!.state === null || player.waiting > 0 || !room!.live) return;
    const move = mind(room!.state as S, room!.seat, random);
    if (move) void player.act(move.name, move.data);
  };

/** The ways to play. `every`: ms between two actions of a player of the ledger. */
export const playStyles = (every: number): Record<'ledger' | 'four-in-a-row' | 'liars-dice' | 'arena', PlayStyle> => ({
  ledger: {
    game: ledger,
    seats: 2,
    options: {},
    host: false,
    every,
    look(player, random, n) {
      if (player.waiting >= underWay) return;
      const id = `${player.id}.${n}`;
      const dice = random.int(1, 20);
      if (dice === 1) void player.act('refuse', { id });
      else if (dice === 2) void player.act('whisper', { id, word: `cnry:${player.id.replace(/_.*$/, '')}:${n}` });
      else if (dice === 3) void player.act('arm', { id, ms: random.int(50, 3_000) });
      else void player.act('write', { id });
    },
  },
  'four-in-a-row': {
    game: fourInARow,
    seats: 2,
    options: { turnSeconds: 60 },
    host: false,
    every: Math.max(every, 60),
    look: byTurns<Four>(fourStrategy),
  },
  'liars-dice': {
    game: liarsDice,
    seats: 3,
    options: { dice: 2, turnSeconds: 20 },
    host: true,
    every: 120,
    look: byTurns<DiceView>(diceStrategy),
  },
  arena: {
    game: arena,
    seats: 3,
    options: { rounds: 1, seconds: 30 },
    host: true,
    every: 100,
    look(player, random) {
      const { room } = player;
      const seat = room!.seat;
      if (seat === null || room!.state === null || !room!.live || !room!.info.seats[seat]) return;
      const { steer, dash } = arenaStrategy(room!.state as unknown as Arena, seat, random);
      const input = room!.input as unknown as { steer(v: object): void; dash(): void };
      input.steer(steer);
      if (dash) input.dash();
    },
  },
});
