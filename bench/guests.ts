import { connect, type Client, type Room } from '../client/index.ts';
import type { AnyGame, BotMove, Contract, ContractDef } from '../shared/contract.ts';
import type { Json } from '../shared/json.ts';
import { createRandom, type Random, type Seed } from '../shared/random.ts';

type AnyRoom = Room<ContractDef>;
type Move = BotMove<ContractDef>;

/** What all tables together have done. */
export interface VisitTotals {
  tables: number;
  matches: number;
  acted: number;
  refused: Record<string, number>;
  failed: Record<string, number>;
}
export const emptyTotals = (): VisitTotals => ({ tables: 0, matches: 0, acted: 0, refused: {}, failed: {} });

const count = (into: Record<string, number>, what: string): void => {
  into[what] = (into[what] ?? 0) + 1;
};

/**
 * People as a server meets them: some sit down at a table, play a few matches of a game, and go; some say goodbye, some
 * close the lid. They choose their moves as the game's bot would, at their own pace, and know no more than they are
 * shown.
 */
export class Table {
  private readonly random: Random;
  private clients: Client[] = [];
  private isStopping = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly url: string,
    private readonly game: AnyGame,
    private readonly setting: { players: number; matches: number; think: number; options: Json; seed: number },
    private readonly visits: VisitTotals,
  ) {
    const { seed } = setting;
    this.random = createRandom([seed, seed ^ 0x9e3779b9, seed * 2_654_435_761, 7].map(n => n | 0) as Seed);
  }

  start(): void {
    this.running = this.visitLoop();
  }

  /** They finish what they said last, and go. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const client of this.clients) client.close();
    await this.running;
  }

  private async visitLoop(): Promise<void> {
    while (!this.isStopping) {
      try {
        await this.visit();
      } catch (error) {
        if (!this.isStopping) count(this.visits.failed, error instanceof Error ? error.message : String(error));
        await pause(1_000);
      }
      for (const client of this.clients) client.close();
    }
  }

  /** From sitting down to going home. */
  private async visit(): Promise<void> {
    const contract = this.game.contract as unknown as Contract;
    this.clients = Array.from({ length: this.setting.players }, () =>
      connect(this.url, {
        storage: null,
        socket: { extraHeaders: { 'x-forwarded-for': `10.${this.random.int(0, 249)}.${this.random.int(0, 249)}.7` } },
      }),
    );
    const [host, ...others] = this.clients as [Client, ...Client[]];
    const first = await host.create(contract, {
      options: this.setting.options as never,
      private: this.random.int(0, 1) === 0,
    });
    const rooms = [
      first,
      ...(await Promise.all(others.map(client => client.join(contract, { code: first.code })))),
    ] as AnyRoom[];
    this.visits.tables += 1;
    await Promise.all(rooms.map((room, i) => this.playMatches(room, i === 0)));
    // One in three closes the lid instead.
    await Promise.all(
      rooms.map(async room => {
        if (this.random.int(1, 3) !== 1) await room.leave();
      }),
    );
  }

  /** Plays until so many matches are over, or the room is. */
  private async playMatches(room: AnyRoom, host: boolean): Promise<void> {
    let over = 0;
    let counted = 0;
    while (!this.isStopping && room.ended === null && over < this.setting.matches) {
      if (room.info.phase === 'ended' && room.info.match > counted) {
        counted = room.info.match;
        over += 1;
        if (host) this.visits.matches += 1;
        if (over < this.setting.matches) await this.countReply(room.rematch());
      } else if (
        room.info.phase === 'waiting' &&
        host &&
        this.game.contract.def.start === 'host' &&
        room.players.filter(p => p).length === this.setting.players
      ) {
        await this.countReply(room.start());
      } else if (room.info.phase === 'playing' && room.state !== null && room.seat !== null) {
        await this.move(room, room.seat);
      }
      await pause(this.setting.think * (0.5 + this.random.next()));
    }
  }

  private async move(room: AnyRoom, seat: number): Promise<void> {
    const bot = this.game.rules.bot as ((view: Json, seat: number, random: Random) => Move | null) | undefined;
    const move = bot?.(structuredClone(room.state as Json), seat, this.random) ?? null;
    if (move === null) return;
    if ('act' in move)
      return this.countReply(
        (room.act as Record<string, (data: unknown) => Promise<{ ok: boolean; code?: string }>>)[move.act]!(
          (move as { data?: unknown }).data ?? {},
        ),
      );
    const input = room.input as Record<string, (value?: unknown) => void>;
    for (const [name, value] of Object.entries(move.hold ?? {})) input[name]!(value);
    for (const name of move.press ?? []) input[name as string]!();
  }

  private async countReply(said: Promise<{ ok: boolean; code?: string }>): Promise<void> {
    const { ok, code } = await said;
    if (ok) this.visits.acted += 1;
    else if (!this.isStopping) count(this.visits.refused, code ?? 'unknown');
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise(done => {
    setTimeout(done, ms);
  });
