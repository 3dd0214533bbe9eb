/**
 * The API for game authors: the contract, shared by server and client, and the types of the rules.
 * @module rejoin/contract
 */
export { contract, held, pressed, schema, state, view } from './contract.ts';
export type {
  ActionCtx,
  ActionCtxOf,
  AnyGame,
  AnyRule,
  AnyRules,
  BotMove,
  ClocksOf,
  Contract,
  ContractDef,
  Ctx,
  CtxOf,
  DefOf,
  EffectsOf,
  EventsOf,
  Game,
  Held,
  In,
  LeftCtx,
  OptionsIn,
  OptionsOf,
  Out,
  Player,
  Pressed,
  ProfileIn,
  ProfileOf,
  Ranking,
  RefusalsOf,
  Rules,
  Schema,
  SeatCtx,
  ServerActionCtx,
  SeatInputs,
  StateOf,
  TickCtx,
  TimerHandle,
  TimersOf,
  TypeOf,
  Viewer,
  ViewOf,
} from './contract.ts';
export type { Json, JsonObject } from './json.ts';
export type { Random } from './random.ts';
