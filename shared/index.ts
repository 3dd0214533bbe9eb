/**
 * What an author of a game writes with: the contract, on both sides, and the types of its rules.
 * @module rejoin/contract
 */
export { contract, held, pressed, schema, state, view } from './contract.ts';
export type {
  ActionCtx,
  AnyGame,
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
