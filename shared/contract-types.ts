import type { SeatLoss } from './protocol.ts';
import type { Random } from './random.ts';
import type { In, Out, Schema } from './schema.ts';

type Schemas = Record<string, Schema>;
type None = Record<never, never>;

/** Carries a type at compile time only. */
export interface TypeOf<T> {
  readonly type?: T;
}

/** A held input: the latest value counts until another arrives. For a stick, or a key that is kept down. */
export interface Held<S extends Schema = Schema> {
  readonly kind: 'held';
  readonly schema: S;
}
/** A pressed input: presses between two ticks are counted, so a tap shorter than a tick is not lost. */
export interface Pressed {
  readonly kind: 'pressed';
}
type Inputs = Record<string, Held | Pressed>;

/** The part of a game that server and clients share: names, schemas and numbers, no rules. */
export interface ContractDef {
  /**
   * Integer from 1. Raise it when the shape of the state changes. A node never runs a room of a newer version than its
   * own.
   */
  version: number;
  /**
   * The oldest contract version whose clients can still play this one. An older client is refused with
   * `client-outdated`. Default: `version`.
   */
  clientsFrom?: number;
  seats: { min: number; max: number };
  state: TypeOf<unknown>;
  /** Required if the rules have a `view`: the type that it returns. */
  view?: TypeOf<unknown>;
  /**
   * Chosen when a room is created, shown in the room list. The schema must accept `{}`, because quick join creates
   * rooms without options.
   */
  options?: Schema;
  /**
   * Small facts by which the server's own code finds rooms (`server.rooms.list`), set by rules with `ctx.setMetadata`: at
   * most 8 texts (of 64 characters), numbers, true or false. Members do not see them.
   */
  metadata?: Schema;
  /**
   * A player's profile, which every member sees: a color, a figure. At most 512 bytes of JSON, not secret. A player may
   * have none.
   */
  profile?: Schema;
  actions: Schemas;
  events?: Schemas;
  timers?: Schemas;
  /** Timers whose deadline all members see, as `room.clocks.<timer>`. */
  clocks?: readonly string[];
  refusals?: readonly string[];
  /** Continuous input of players in games with a tick. Not answered; the latest value counts. */
  inputs?: Inputs;
  /** Messages between members that are not kept: emotes, cursors. Not part of the state or of recordings. */
  signals?: Schemas;
  /** Calls to the host's own code after a commit, at least once each: save a result, call an API. */
  effects?: Schemas;
  /**
   * Actions that only the server's own code can perform, with `server.rooms.act`: grant time, apply a purchase. Each has
   * a rule of its own, and is executed once by its key.
   */
  serverActions?: Schemas;
  /**
   * When a match begins. `full`: all seats are taken (default). `ready`: at least `seats.min` players, all ready.
   * `host`: the host starts it.
   */
  start?: 'full' | 'ready' | 'host';
  /** Whether new players may take free seats during a match. `joined` is then called with the state. */
  late?: boolean;
  /** Names of the teams. Each player joins the smallest one and may change before the match. */
  teams?: readonly string[];
  /**
   * What happens when a player disconnects. `after`: a shorter disconnection, such as a page reload, is no absence, in
   * ms, at most 60,000 (default 0). `hold`: how long the seat is held then, in ms, at most 366 days. `then`: what happens
   * after that:
   * - `forfeit`: the seat stays in the match, out of play.
   * - `leave`: the player leaves the seat.
   * - `bot`: the bot plays until the player returns. A match that only bots play ends after another day and `hold`,
   *   even if it sets timers.
   * `rematch: 'wait'`: the next match waits for players who are away until their hold ends. Default: not for those who
   * have been away for 10 s, if enough others agree.
   */
  away?: { after?: number; hold: number; then: 'forfeit' | 'leave' | 'bot'; rematch?: 'wait' };
  /**
   * Games in real time: `tick` runs `hz` times a second while a player is connected. `durable`: journal every tick
   * (default), or volatile state only every `everyMs` ms. A crash then loses up to that much volatile state; actions,
   * events and effects are always journaled.
   */
  tick?: { hz: number; durable?: 'every' | { everyMs: number } };
  /** Record finished matches for replay: the last 8 of a room, except matches with fewer than 4 frames in under 5 s. */
  replay?: boolean;
}

/** The game's state, as the rules see it: `StateOf<typeof game>`, of a game, its contract, or the contract's `def`. */
export type StateOf<C> = C extends { state: TypeOf<infer S> }
  ? S
  : C extends { def: { state: TypeOf<infer S> } } | { contract: { def: { state: TypeOf<infer S> } } }
    ? S
    : never;
/** What clients see of the state. */
export type ViewOf<D extends ContractDef> = D extends { view: TypeOf<infer V> } ? V : StateOf<D>;
/** The options as the rules read them, with defaults filled in. */
export type OptionsOf<D extends ContractDef> = D extends { options: infer S } ? Out<S> : None;
/** The options as the creator of a room passes them. */
export type OptionsIn<D extends ContractDef> = D extends { options: infer S } ? In<S> : None;
/** The metadata of a room as rules read them; null: none have been set. */
export type MetadataOf<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { metadata: infer S }
    ? Out<S> | null
    : null;
/** The metadata as rules set them. */
export type MetadataIn<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { metadata: infer S }
    ? In<S>
    : never;
/** A seat's profile as all members read it; null for a bot, or if the player has none. */
export type ProfileOf<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { profile: infer S }
    ? Out<S> | null
    : null;
/** A profile as the client passes it. */
export type ProfileIn<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { profile: infer S }
    ? In<S>
    : never;
export type ActionsOf<D extends ContractDef> = D['actions'];
/** Schemas of the events, by name. */
export type EventsOf<D extends ContractDef> = D extends { events: infer E extends Schemas } ? E : None;
/** Schemas of the timers' data, by name. */
export type TimersOf<D extends ContractDef> = D extends { timers: infer T extends Schemas } ? T : None;
/** Names of the timers whose deadline all members see. */
export type ClocksOf<D extends ContractDef> = D extends { clocks: readonly (infer C extends string)[] } ? C : never;
export type InputsOf<D extends ContractDef> = D extends { inputs: infer I extends Inputs } ? I : None;
export type SignalsOf<D extends ContractDef> = D extends { signals: infer S extends Schemas } ? S : None;
/** Schemas of the effects, by name. */
export type EffectsOf<D extends ContractDef> = D extends { effects: infer E extends Schemas } ? E : None;
/** Schemas of the actions that only the server's own code can perform, by name. */
export type ServerActionsOf<D extends ContractDef> = D extends { serverActions: infer A extends Schemas } ? A : None;
/** Refusal codes of the rules. */
export type RefusalsOf<D extends ContractDef> = D extends { refusals: readonly (infer R extends string)[] } ? R : never;

/** A player of a running match, as the rules see it. The index in `ctx.players` is the seat. */
export interface Player<P = unknown> {
  /**
   * The id that `authenticate` gave, or a guest's. It stays when the player leaves the match. Ids that begin with `$` are
   * no accounts: `$bot-1` is a bot. Put it into the state only if everybody who sees the state may know it.
   */
  readonly id: string;
  readonly name: string;
  /** The player's profile; null if there is none. */
  readonly profile: P;
  readonly here: boolean;
  /** Left or forfeited: the seat keeps its index but takes no further part. */
  readonly out: boolean;
  /** Currently played by the bot. */
  readonly bot: boolean;
  /** Index among the contract's teams, null where it has none. */
  readonly team: number | null;
}

/** Final ranking by seat: `[[2], [0, 1]]` means seat 2 is first, seats 0 and 1 share second place. */
export type Ranking = readonly (readonly number[])[];

/** A timer, as rules use it: `ctx.timers.turn`. */
export interface TimerHandle<T> {
  /**
   * Sets the timer, or replaces it: due in `ms`, at most 366 days. The room is kept while a timer is set. If the store
   * was unavailable for more than 5 s, the timer is delayed by the rest.
   * @example
   * ```ts
   * ctx.timers.turn.set(20_000, { seat: 1 }) // in 20 s: timers.turn(s, { seat: 1 }, ctx), also after a takeover
   * ```
   */
  set(ms: number, data: T): void;
  /**
   * Stops the timer, if it is set.
   * @example
   * ```ts
   * ctx.timers.turn.clear()
   * console.log(ctx.timers.turn.at) // null
   * ```
   */
  clear(): void;
  /** Deadline on the room's clock, or null. */
  readonly at: number | null;
}

/**
 * The context of a rule. What a rule does through it takes effect only if the rule returns and the entry is journaled.
 */
export interface Ctx<D extends ContractDef> {
  /** The room's clock: ms since 1970, the same during one rule, never going back, also across owners. */
  readonly now: number;
  readonly random: Random;
  readonly players: readonly Player<ProfileOf<D>>[];
  readonly options: OptionsOf<D>;
  /** Counts the room's matches from 1. */
  readonly match: number;
  /** How the match before this one ended, after a rematch. */
  readonly previous: { readonly ranking: Ranking; readonly players: readonly string[] } | null;
  /**
   * Tells the clients something that the new state does not show. `to`: only these seats.
   * @example
   * ```ts
   * ctx.emit('lap', { seat: ctx.seat, lap: 2 })
   * ctx.emit('lap', { seat: ctx.seat, lap: 2 }, [ctx.seat]) // to this seat alone
   * ```
   */
  emit<K extends keyof EventsOf<D> & string>(event: K, data: Out<EventsOf<D>[K]>, to?: readonly number[]): void;
  readonly timers: { readonly [K in keyof TimersOf<D>]: TimerHandle<Out<TimersOf<D>[K]>> };
  /**
   * Asks the host's code for something, once this entry is durable: at least once, with a key by which it can tell a
   * repetition.
   * @example
   * ```ts
   * ctx.effects.report({ winner: ctx.seat, loser: 1 - ctx.seat })
   * ```
   */
  readonly effects: { readonly [K in keyof EffectsOf<D>]: (data: Out<EffectsOf<D>[K]>) => void };
  /** What `setMetadata` has set last, in this match or an earlier one; null: nothing yet. */
  readonly metadata: MetadataOf<D>;
  /**
   * Sets the room's metadata, by which the server's own code finds it. They replace the earlier ones, and stay until they
   * are set again, also in the next match. Members do not see them.
   * @throws TypeError, RangeError when they do not fit the contract's schema, or have more than 8 keys
   * @example
   * ```ts
   * ctx.setMetadata({ round: 2, stage: 'final' })
   * ```
   */
  setMetadata(metadata: MetadataIn<D>): void;
  /**
   * Ends the match.
   * @throws when it is over already or the ranking names a seat that does not exist
   * @example
   * ```ts
   * ctx.end({ ranking: [[2], [0, 1]] }) // seat 2 has won, the others share the second place
   * ```
   */
  end(result: { ranking: Ranking }): void;
}
export interface SeatCtx<D extends ContractDef> extends Ctx<D> {
  readonly seat: number;
}
/** What `left` gets: also why the seat is out of play. */
export interface LeftCtx<D extends ContractDef> extends SeatCtx<D> {
  readonly why: SeatLoss;
}
export interface ActionCtx<D extends ContractDef> extends SeatCtx<D> {
  /**
   * Refuses the action: the state is as before, the player gets the code and the detail.
   * @example
   * ```ts
   * if (s.turn !== ctx.seat) ctx.refuse('not-your-turn')
   * s.at[ctx.seat] += 1 // not reached when it is refused
   * ```
   */
  refuse(code: RefusalsOf<D>, detail?: string): never;
}
export interface ServerActionCtx<D extends ContractDef> extends Ctx<D> {
  /**
   * Refuses the action: the state is as before, the caller gets a `ServerRoomError` with the code and the detail.
   * @example
   * ```ts
   * if (s.turn < 0) ctx.refuse('not-your-turn')
   * ```
   */
  refuse(code: RefusalsOf<D>, detail?: string): never;
}
/** A seat's inputs since the last tick: what is held (null: nothing yet), and how often was pressed. */
export type SeatInputs<D extends ContractDef> = {
  readonly [K in keyof InputsOf<D>]: InputsOf<D>[K] extends Held<infer S> ? Out<S> | null : number;
};
export interface TickCtx<D extends ContractDef> extends Ctx<D> {
  /** By seat. */
  readonly inputs: readonly SeatInputs<D>[];
}

/** Data of a bot's action. May be missing if they may be empty; `{}` also has the type that TypeScript infers beside others. */
type ActData<I> = None extends I ? { data?: I | { readonly [name: string]: undefined } } : { data: I };
type Act<D extends ContractDef> = {
  [K in keyof ActionsOf<D> & string]: { act: K; after?: number | undefined } & ActData<In<ActionsOf<D>[K]>>;
}[keyof ActionsOf<D> & string];

/** Who looks: a seat of a player, or a spectator (seat null). */
export interface Viewer {
  readonly seat: number | null;
  /** The match is over: a game may show itself open now. */
  readonly ended: boolean;
  /** Somebody watches it again later. */
  readonly replay: boolean;
}
/**
 * What a bot does: an action, after a moment of thought (ms; default 500 to 1,500), or, in games with a tick, its
 * inputs.
 */
export type BotMove<D extends ContractDef> =
  | Act<D>
  | {
      hold?: {
        [K in keyof InputsOf<D> as InputsOf<D>[K] extends Held ? K : never]?: InputsOf<D>[K] extends Held<infer S>
          ? Out<S>
          : never;
      };
      press?: readonly { [K in keyof InputsOf<D>]: InputsOf<D>[K] extends Pressed ? K : never }[keyof InputsOf<D>][];
    };

/**
 * What a rule that changes the state in place may return: anything that an arrow function happens to, but neither a
 * promise (`void` alone would take one) nor a new state, which nobody would look at.
 */
export type NoPromise = void | null | string | number | boolean | readonly unknown[] | { then?: never };

/**
 * What an author writes for the server: pure functions that change the state they are given, and read time and chance
 * from `ctx` alone.
 * @example
 * ```ts
 * const rules: Rules<typeof race.def> = {
 *   setup: ctx => ({ at: ctx.players.map(() => 0), turn: 0 }),
 *   actions: {
 *     step(s, { by }, ctx) {
 *       s.at[ctx.seat] += by
 *       if (s.at[ctx.seat] >= ctx.options.goal) ctx.end({ ranking: [[ctx.seat]] })
 *     },
 *   },
 *   timers: { turn: (s, { seat }) => { s.turn = seat + 1 } },
 *   left: (s, ctx) => { s.at[ctx.seat] = 0 },
 *   bot: () => ({ act: 'step', data: { by: 1 }, after: 800 }),
 * }
 * ```
 */
export type Rules<D extends ContractDef> = {
  /** The state a match begins with. */
  setup(ctx: Ctx<D>): StateOf<D>;
  /**
   * One for each action of the contract. It changes `s` in place: what it returns is not looked at. A throw, or
   * `ctx.refuse`, leaves the state as it was.
   */
  actions: { [K in keyof D['actions']]: (s: StateOf<D>, data: Out<D['actions'][K]>, ctx: ActionCtx<D>) => NoPromise };
  /** Runs `tick.hz` times a second while a match is on and somebody is connected. */
  tick?(s: StateOf<D>, ctx: TickCtx<D>): void;
  /** A player came to a seat (also before the match): throwing refuses the join. `s` is null before the first match. */
  joined?(s: StateOf<D> | null, ctx: SeatCtx<D>): void;
  /** A player's last connection is gone; the seat is held. */
  away?(s: StateOf<D>, ctx: SeatCtx<D>): void;
  /** A player who was away is connected again. */
  back?(s: StateOf<D>, ctx: SeatCtx<D>): void;
  /**
   * A player left for good or forfeited; `ctx.why` says which. Without this hook, a match with fewer than `seats.min`
   * players left ends; with it, the rules decide when the match ends, except that a match without any player left ends
   * in any case.
   */
  left?(s: StateOf<D>, ctx: LeftCtx<D>): void;
  /**
   * Plays for a seat. Sees what the seat sees, and no more. Asked after each change in which no move of it is pending,
   * and some times a second in games with a tick. `players`: as in `ctx.players`. Null: nothing to do.
   */
  bot?(view: ViewOf<D>, seat: number, random: Random, players: readonly Player<ProfileOf<D>>[]): BotMove<D> | null;
  /** Reads a state written by an older version of the game. */
  migrate?(s: unknown, fromVersion: number): StateOf<D>;
} & (D extends { view: TypeOf<infer V> }
  ? {
      /** What one member sees. Everything that it leaves out stays on the server. */
      view(s: StateOf<D>, who: Viewer): V;
    }
  : { view?: never }) &
  (keyof TimersOf<D> extends never
    ? { timers?: { readonly [name: string]: never } }
    : {
        /** One for each timer of the contract: what happens when it is due. */
        timers: { [K in keyof TimersOf<D>]: (s: StateOf<D>, data: Out<TimersOf<D>[K]>, ctx: Ctx<D>) => NoPromise };
      }) &
  (keyof ServerActionsOf<D> extends never
    ? { serverActions?: None }
    : {
        /** One for each server action of the contract. */
        serverActions: {
          [K in keyof ServerActionsOf<D>]: (
            s: StateOf<D>,
            data: Out<ServerActionsOf<D>[K]>,
            ctx: ServerActionCtx<D>,
          ) => NoPromise;
        };
      });

type Erased = any; // oxlint-disable-line typescript/no-explicit-any -- a rule takes what only its own contract knows

/** What `contract(…)` makes: the half of a game that both sides know. */
export interface Contract<D extends ContractDef = Erased, N extends string = string> {
  readonly name: N;
  readonly def: D;
  /**
   * The game's rules, for the server.
   * @example
   * ```ts
   * export const raceGame = race.rules({
   *   setup: ctx => ({ at: ctx.players.map(() => 0), turn: 0 }),
   *   actions: { step: (s, { by }, ctx) => { s.at[ctx.seat] += by } },
   *   timers: { turn: (s, { seat }) => { s.turn = seat + 1 } },
   * })
   * ```
   */
  rules(rules: Rules<D>): Game<D, N>;
}
/** A contract with its rules: what a server is given. `Game` alone holds games of any shape, as in `Map<string, Game>`. */
export interface Game<D extends ContractDef = Erased, N extends string = string> {
  readonly contract: Contract<D, N>;
  readonly rules: Rules<D>;
}

/**
 * A rule of any game; the engine checks its data by the contract's schemas. Taken from a method, because the parameters
 * of methods are compared in both directions.
 */
export type AnyRule = {
  /** The rule. */
  rule(...given: Erased[]): Erased;
}['rule'];

/** The rules of a game of any shape. */
export type AnyRules = {
  readonly [
    K in Exclude<keyof Rules<ContractDef>, 'setup' | 'actions' | 'timers' | 'serverActions'> | 'view'
  ]?: AnyRule;
} & {
  readonly setup: AnyRule;
  readonly actions: Readonly<Record<string, AnyRule>>;
  readonly timers?: Readonly<Record<string, AnyRule>>;
  readonly serverActions?: Readonly<Record<string, AnyRule>>;
};

/** A game of any shape, as the engine holds it: every `Game` is one. */
export interface AnyGame {
  /** Its contract. */
  readonly contract: Pick<Contract<ContractDef>, 'name' | 'def'> & Record<'rules', AnyRule>;
  readonly rules: AnyRules;
}

/** What was given to `contract(…)`, as a type: of a contract or a game. */
export type DefOf<C> = C extends
  | { readonly def: infer D extends ContractDef }
  | { readonly contract: { readonly def: infer D extends ContractDef } }
  ? D
  : never;
/** The context that rules of a contract get, for helpers beside them: `(s: Dice, ctx: CtxOf<typeof dice>) => …`. */
export type CtxOf<C> = Ctx<DefOf<C>>;
/** The context that rules of actions get: `ctx.seat` and `ctx.refuse`, too. */
export type ActionCtxOf<C> = ActionCtx<DefOf<C>>;
