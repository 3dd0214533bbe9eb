import type { SeatLoss } from './protocol.ts';
import type { Random } from './random.ts';
import type { In, Out, Schema } from './schema.ts';

type Schemas = Record<string, Schema>;
type None = Record<never, never>;

/** Carries a type and nothing else. */
export interface TypeOf<T> {
  readonly type?: T;
}

/** An input that is held: the latest value counts until there is another, as a stick or a key that is kept down. */
export interface Held<S extends Schema = Schema> {
  readonly kind: 'held';
  readonly schema: S;
}
/** An input that is pressed: presses between two ticks are counted, so that a tap shorter than a tick is not lost. */
export interface Pressed {
  readonly kind: 'pressed';
}
type Inputs = Record<string, Held | Pressed>;

/** What both sides of a game agree on. Everything a client needs, no rule. */
export interface ContractDef {
  /** Whole number, raised when the shape of the state changes; a node runs only what it knows. */
  version: number;
  /**
   * The oldest version whose clients can play this one: they understand what they see, and what they send is
   * understood. Default: `version` itself; then the client of an older one is told to load a new one
   * (`client-outdated`).
   */
  clientsFrom?: number;
  seats: { min: number; max: number };
  state: TypeOf<unknown>;
  /** Given when the rules have a `view`: the type of what it returns. */
  view?: TypeOf<unknown>;
  /** Chosen at creation, listed in the lobby. Must accept `{}`, or quick join could never make a room. */
  options?: Schema;
  /**
   * What a player brings along to a seat, for all to see: a colour, a figure. Small (512 bytes of JSON) and no secret;
   * to bring nothing is allowed.
   */
  profile?: Schema;
  actions: Schemas;
  events?: Schemas;
  timers?: Schemas;
  /** Timers whose deadline everybody may see, as `room.clocks.<timer>`. */
  clocks?: readonly string[];
  refusals?: readonly string[];
  /** What players do all the time in games with a tick: unanswered, the latest counts. */
  inputs?: Inputs;
  /** What members tell each other, fire and forget: emotes, cursors. Never state, never replayed. */
  signals?: Schemas;
  /** What rules ask of the host's own code after a commit, at least once: save a result, call an API. */
  effects?: Schemas;
  /** When a match begins: all seats taken (default) · everybody says ready, from `seats.min` on · the host says so. */
  start?: 'full' | 'ready' | 'host';
  /** Whether new players may take free seats while a match is on; `joined` is called with the state then. */
  late?: boolean;
  /** Names of the teams; each player is put into the smallest and may change before the match. */
  teams?: readonly string[];
  /**
   * For how long (ms, at most 366 days) a seat is held for a player who is away, and what then: the seat forfeits
   * (stays in the match, out of play), is left, or is played by the bot until the player is back. A match that only
   * bots play, with timers of its rules, ends after another day and hold.
   */
  away?: { hold: number; then: 'forfeit' | 'leave' | 'bot' };
  /**
   * Games in real time: `tick` runs this often while somebody is connected. `durable`: journal every tick (default), or
   * motion only every so many ms: then a crash can take that much of it; actions, events and effects never.
   */
  tick?: { hz: number; durable?: 'every' | { everyMs: number } };
  /** Keep finished matches, to be watched again: the last 8 of a room, and none that was over in a few moments. */
  replay?: boolean;
}

/** The game's state, as the rules hold it. */
export type StateOf<D extends ContractDef> = D['state'] extends TypeOf<infer S> ? S : never;
/** What clients see of the state. */
export type ViewOf<D extends ContractDef> = D extends { view: TypeOf<infer V> } ? V : StateOf<D>;
/** The options as rules read them, with all defaults. */
export type OptionsOf<D extends ContractDef> = D extends { options: infer S } ? Out<S> : None;
/** The options as whoever makes a room gives them. */
export type OptionsIn<D extends ContractDef> = D extends { options: infer S } ? In<S> : None;
/** What a seat's player has brought along, as all read it; null: a bot, or nothing. */
export type ProfileOf<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { profile: infer S }
    ? Out<S> | null
    : null;
/** What a player brings along, as the client gives it. */
export type ProfileIn<D extends ContractDef> = ContractDef extends D
  ? unknown
  : D extends { profile: infer S }
    ? In<S>
    : never;
export type ActionsOf<D extends ContractDef> = D['actions'];
/** Schemas of the events, by name. */
export type EventsOf<D extends ContractDef> = D extends { events: infer E extends Schemas } ? E : None;
/** Schemas of what timers carry, by name. */
export type TimersOf<D extends ContractDef> = D extends { timers: infer T extends Schemas } ? T : None;
/** Names of the timers that everybody may see. */
export type ClocksOf<D extends ContractDef> = D extends { clocks: readonly (infer C extends string)[] } ? C : never;
export type InputsOf<D extends ContractDef> = D extends { inputs: infer I extends Inputs } ? I : None;
export type SignalsOf<D extends ContractDef> = D extends { signals: infer S extends Schemas } ? S : None;
/** Schemas of the effects, by name. */
export type EffectsOf<D extends ContractDef> = D extends { effects: infer E extends Schemas } ? E : None;
/** The codes by which the rules refuse. */
export type RefusalsOf<D extends ContractDef> = D extends { refusals: readonly (infer R extends string)[] } ? R : never;

/** One player of a running match, as rules see them. The index in `ctx.players` is the seat. */
export interface Player<P = unknown> {
  readonly name: string;
  /** What the player has brought along; null: nothing. */
  readonly profile: P;
  readonly here: boolean;
  /** Left or forfeited: holds the index, plays no more. */
  readonly out: boolean;
  /** Played by the bot, now. */
  readonly bot: boolean;
  /** Index among the contract's teams, null where it has none. */
  readonly team: number | null;
}

/** Places of the seats at the end: `[[2], [0, 1]]` is seat 2 first, seats 0 and 1 sharing the second place. */
export type Ranking = readonly (readonly number[])[];

/** A timer of the game, as rules hold it: `ctx.timers.turn`. */
export interface TimerHandle<T> {
  /**
   * Sets it again, `ms` from now: at most 366 days. While it is set the room is kept. An outage of the store of more
   * than 5 s moves it by the rest.
   * @example
   * ```ts
   * ctx.timers.turn.set(20_000, { seat: 1 }) // calls the rules' timers.turn(s, { seat: 1 }, ctx), whatever dies until then
   * ```
   */
  set(ms: number, data: T): void;
  /**
   * Stops it, if it is set.
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
 * What a rule may do besides changing the state. Everything it does counts only if the rule ends well and the entry is
 * journaled.
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
   * ctx.effects.report({ winner: ctx.players[ctx.seat].name, loser: ctx.players[1 - ctx.seat].name })
   * ```
   */
  readonly effects: { readonly [K in keyof EffectsOf<D>]: (data: Out<EffectsOf<D>[K]>) => void };
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
/** A seat's inputs since the last tick: what is held (null: nothing yet), and how often was pressed. */
export type SeatInputs<D extends ContractDef> = {
  readonly [K in keyof InputsOf<D>]: InputsOf<D>[K] extends Held<infer S> ? Out<S> | null : number;
};
export interface TickCtx<D extends ContractDef> extends Ctx<D> {
  /** By seat. */
  readonly inputs: readonly SeatInputs<D>[];
}

type Act<D extends ContractDef> = {
  [K in keyof ActionsOf<D> & string]: { act: K; data: In<ActionsOf<D>[K]> };
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
  | (Act<D> & { after?: number })
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
   * and some times a second in games with a tick. Null: nothing to do.
   */
  bot?(view: ViewOf<D>, seat: number, random: Random): BotMove<D> | null;
  /** Reads a state written by an older version of the game. */
  migrate?(s: unknown, fromVersion: number): StateOf<D>;
} & (D extends { view: TypeOf<infer V> }
  ? {
      /** What one member sees. Everything that it leaves out stays on the server. */
      view(s: StateOf<D>, who: Viewer): V;
    }
  : { view?: never }) &
  (keyof TimersOf<D> extends never
    ? { timers?: None }
    : {
        /** One for each timer of the contract: what happens when it is due. */
        timers: { [K in keyof TimersOf<D>]: (s: StateOf<D>, data: Out<TimersOf<D>[K]>, ctx: Ctx<D>) => NoPromise };
      });

/** What `contract(…)` makes: the half of a game that both sides know. */
export interface Contract<D extends ContractDef = ContractDef, N extends string = string> {
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
/** A contract with its rules: what a server is given. */
export interface Game<D extends ContractDef = ContractDef, N extends string = string> {
  readonly contract: Contract<D, N>;
  readonly rules: Rules<D>;
}

/** A game of any shape, as the engine holds it: it checks with the schemas what the types cannot know. */
export type AnyGame = Game<any>; // oxlint-disable-line typescript/no-explicit-any -- Rules<D> is contravariant in D; only `any` holds all games

/** The context that rules of a contract get, for helpers beside them: `(s: Dice, ctx: CtxOf<typeof dice>) => …`. */
export type CtxOf<C> = C extends Contract<infer D> ? Ctx<D> : never;
/** What was given to `contract(…)`, as a type. */
export type DefOf<C> = C extends Contract<infer D> ? D : never;
