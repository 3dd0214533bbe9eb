import { setTimeout as pause } from 'node:timers/promises';
import { connect, RoomError, type ActionResult, type Client, type Room } from '../client/index.ts';
import type { AnyGame, Contract, ContractDef } from '../shared/contract.ts';
import { copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { createRandom, type Random } from '../shared/random.ts';

/** What the players of a load test count together. */
export interface LoadCounts {
  /** Receives the time from the call to the verdict of each action, in ms. */
  answered(result: ActionResult, ms: number): void;
  joined(ms: number): void;
  joinFailed(code: string): void;
  inputsSent(count: number): void;
  matchEnded(): void;
  botFailed(error: unknown): void;
}

export interface LoadPlayerOptions {
  readonly url: string;
  readonly path: string | undefined;
  readonly game: AnyGame;
  /** Moves per second. */
  readonly rate: number;
  readonly index: number;
  readonly counts: LoadCounts;
  readonly signal: AbortSignal;
}

const JOIN_RETRY_MS = 1_000;

/** What a bot may return, for any contract. */
type Move = {
  act?: string;
  data?: Json;
  hold?: Readonly<Record<string, Json>>;
  press?: readonly string[];
} | null;

/** A real client that plays as the game's bot does. After a match it leaves the room and joins another. */
export class LoadPlayer {
  private readonly client: Client;
  private readonly random: Random;
  private readonly held = new Map<string, string>();

  constructor(private readonly options: LoadPlayerOptions) {
    const { url, path, index } = options;
    this.random = createRandom([index + 1, 7, 13, 29]);
    this.client = connect(url, {
      name: `Load ${index + 1}`,
      storage: null,
      ...(path === undefined ? {} : { path }),
      // Limits count by address. A server that trusts this machine as a proxy counts each player by itself.
      socket: {
        extraHeaders: { 'x-forwarded-for': `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}` },
      },
    });
  }

  /** Plays until the signal. */
  async play(): Promise<void> {
    const { signal } = this.options;
    try {
      while (!signal.aborted) {
        const room = await this.join();
        if (room === null) await wait(JOIN_RETRY_MS, signal);
        else await this.playMatches(room);
      }
    } finally {
      this.client.close();
    }
  }

  private async join(): Promise<Room<ContractDef> | null> {
    const { counts, game, signal } = this.options;
    const started = performance.now();
    const left = new Promise<null>(resolve => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    try {
      const room = await Promise.race([this.client.quick(game.contract as unknown as Contract), left]);
      if (room !== null) counts.joined(performance.now() - started);
      return room;
    } catch (error) {
      if (!signal.aborted) counts.joinFailed(error instanceof RoomError ? error.code : String(error));
      return null;
    }
  }

  /** Plays in the room until its match has ended, the hold on it is over, or the signal. */
  private async playMatches(room: Room<ContractDef>): Promise<void> {
    const { rate, signal, counts } = this.options;
    const { start = 'full', seats } = this.options.game.contract.def as ContractDef;
    const interval = 1_000 / rate;
    // Spread, so that players do not all move in the same moment.
    let next = performance.now() + this.random.next() * interval;
    while (!signal.aborted && room.ended === null) {
      await wait(Math.max(0, next - performance.now()), signal);
      next = Math.max(next + interval, performance.now());
      const { phase, host } = room.info;
      if (phase === 'ended') {
        counts.matchEnded();
        break;
      }
      if (phase === 'playing') await this.move(room);
      else if (start === 'ready' && room.seat !== null && room.players[room.seat]?.ready === false) await room.ready();
      else if (start === 'host' && host === room.seat && room.players.filter(p => p !== null).length >= seats.min)
        await room.start();
    }
    this.held.clear();
    if (!signal.aborted && room.ended === null) await room.leave().catch(() => {});
    else room.close();
  }

  private async move(room: Room<ContractDef>): Promise<void> {
    const { game, counts } = this.options;
    if (room.seat === null || room.state === null) return;
    let move: Move;
    try {
      const bot = game.rules.bot as unknown as (view: Json, seat: number, random: Random) => Move | undefined;
      move = bot(copy(room.state as Json), room.seat, this.random) ?? null;
    } catch (error) {
      counts.botFailed(error);
      return;
    }
    if (move === null) return;
    if (move.act !== undefined) {
      const act = room.act as unknown as Record<string, (data: Json) => Promise<ActionResult>>;
      const started = performance.now();
      const result = await act[move.act]!(move.data ?? {});
      counts.answered(result, performance.now() - started);
      return;
    }
    this.sendInputs(room, move);
  }

  private sendInputs(room: Room<ContractDef>, { hold = {}, press = [] }: NonNullable<Move>): void {
    const input = room.input as unknown as Record<string, (value?: Json) => void>;
    let sent = 0;
    for (const [name, value] of Object.entries(hold)) {
      const text = JSON.stringify(value);
      if (this.held.get(name) === text) continue;
      this.held.set(name, text);
      input[name]!(value);
      sent++;
    }
    for (const name of press) {
      input[name]!();
      sent++;
    }
    this.options.counts.inputsSent(sent);
  }
}

const wait = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal }).catch(() => {}); // aborted
