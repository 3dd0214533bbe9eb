import type { Room } from '../client/room.ts';
import type { ActionsOf, ContractDef, EventsOf, In, Out, RefusalsOf, SignalsOf, ViewOf } from '../shared/contract.ts';
import type { Left } from '../client/pending-leaves.ts';
import type { ActionResult } from '../client/outbox.ts';
import type { RefusalCode } from '../shared/refusals.ts';
import type { TestClient, TestCluster } from './test-cluster.ts';
import { methodsByName } from '../client/methods-by-name.ts';

type Args<I> = Record<never, never> extends I ? [data?: I] : [data: I];
type Acts<D extends ContractDef> = {
  readonly [K in keyof ActionsOf<D>]: (
    ...args: Args<In<ActionsOf<D>[K]>>
  ) => Promise<ActionResult<RefusalsOf<D> | RefusalCode>>;
};
type ReceivedEvent<D extends ContractDef> = {
  [K in keyof EventsOf<D> & string]: { name: K; data: Out<EventsOf<D>[K]>; replayed: boolean };
}[keyof EventsOf<D> & string];

/** A player or spectator of a table under test: a real client, whose connection the test can break. */
export class Seat<D extends ContractDef> {
  /**
   * As `room.act`. Time advances until the verdict arrives and all connected players and spectators show its outcome.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * const result = await t.seats[0].act.step({ by: 2 })
   * assert.equal(result.ok, true)
   * ```
   */
  readonly act: Acts<D>;
  /** Events that this client received, oldest first. */
  readonly events: ReceivedEvent<D>[] = [];
  readonly signals: { name: string; data: unknown; from: number | null }[] = [];

  constructor(
    private readonly world: TestCluster,
    readonly client: TestClient,
    readonly room: Room<D>,
    readonly name: string,
    def: ContractDef,
    private readonly settle: () => Promise<void>,
  ) {
    const acts = room.act as unknown as Record<string, (data?: unknown) => Promise<unknown>>;
    this.act = methodsByName(action => (data?: unknown) => this.runUntilSettled(acts[action]!(data))) as Acts<D>;
    for (const event of Object.keys(def.events ?? {}))
      room.on(event as never, (data, { replayed }) => void this.events.push({ name: event, data, replayed } as never));
    for (const signal of Object.keys(def.signals ?? {}))
      room.onSignal(
        signal as keyof SignalsOf<D> & string,
        (data, from) => void this.signals.push({ name: signal, data, from }),
      );
  }

  /** The state as this client sees it. @throws Error before the first match */
  get state(): ViewOf<D> {
    if (this.room.state === null) throw new Error('no match has begun');
    return this.room.state;
  }
  get info(): Room<D>['info'] {
    return this.room.info;
  }
  /** The player's id, as rules see it in `ctx.players`: `user:ann` of Ann. */
  get id(): string {
    return this.client.client.player ?? '';
  }
  /** Seat index; null for a spectator. */
  get seat(): number | null {
    return this.room.seat;
  }
  get input(): Room<D>['input'] {
    return this.room.input;
  }
  get signal(): Room<D>['signal'] {
    return this.room.signal;
  }
  /** Everything this client received, as text. */
  get bytes(): readonly string[] {
    return this.client.bytes;
  }

  /**
   * As `room.ready()`. Here and below, time advances until the answer arrives and all show its outcome.
   * @example
   * ```ts
   * const t = await table(raceGame, { start: false }) // of a game with start: 'ready'
   * for (const seat of t.seats) await seat.ready()
   * ```
   */
  ready(): Promise<ActionResult<RefusalCode>> {
    return this.runUntilSettled(this.room.ready());
  }
  /**
   * Starts the match. Host only.
   * @example
   * ```ts
   * const t = await table(raceGame, { start: false }) // of a game with start: 'host'
   * await t.seats[t.seats[0].info.host ?? 0].start()
   * ```
   */
  start(): Promise<ActionResult<RefusalCode>> {
    return this.runUntilSettled(this.room.start());
  }
  /**
   * Agrees to another match.
   * @example
   * ```ts
   * const t = await table(raceGame, { options: { goal: 1 } })
   * await t.seats[0].act.step({ by: 1 }) // that ends it
   * for (const seat of t.seats) await seat.rematch()
   * assert.equal(t.seats[1].info.match, 2)
   * ```
   */
  rematch(): Promise<ActionResult<RefusalCode>> {
    return this.runUntilSettled(this.room.rematch());
  }
  /**
   * Gives the seat up.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.seats[1].leave()
   * assert.equal(t.seats[0].info.phase, 'ended') // fewer than seats.min are left
   * ```
   */
  leave(): Promise<Left> {
    return this.runUntilSettled(this.room.leave());
  }

  private async runUntilSettled<T>(promise: Promise<T>): Promise<T> {
    const answer = await this.world.clock.run(promise, `an answer for ${this.name}`);
    await this.settle();
    return answer;
  }
}
