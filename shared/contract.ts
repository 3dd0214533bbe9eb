import { checkContract, checkRules, formatProblems } from './contract-checks.ts';
import type { Contract, ContractDef, Held, Pressed, TypeOf } from './contract-types.ts';
import type { Schema } from './schema.ts';

export type * from './contract-types.ts';
export { schema, type In, type Out, type Schema } from './schema.ts';

/**
 * Names the type of a game's state: `state: state<Chess>()`. It is not inferred from initial values.
 * @example
 * ```ts
 * contract('race', { version: 1, seats: { min: 2, max: 4 }, state: state<{ at: number[] }>(), actions: {} })
 * ```
 */
export const state = <T>(): TypeOf<T> => ({});
/**
 * Names the type of what a client sees, for games with hidden information: `view: view<Table>()`.
 * @example
 * ```ts
 * interface Hands { hands: string[][] }
 * interface Mine { hand: string[]; left: number[] }
 * const cards = contract('cards', { version: 1, seats: { min: 2, max: 4 }, state: state<Hands>(), view: view<Mine>(), actions: {} })
 * const game = cards.rules({
 *   setup: ctx => ({ hands: ctx.players.map(() => ['7♣', 'K♥']) }),
 *   view: (s, { seat }) => ({ hand: seat === null ? [] : s.hands[seat], left: s.hands.map(hand => hand.length) }),
 *   actions: {},
 * })
 * ```
 */
export const view = <T>(): TypeOf<T> => ({});
/**
 * Declares an input that is held: `steer: held(z.object({ x: z.int(), y: z.int() }))`.
 * @example
 * ```ts
 * const inputs = { steer: held(z.object({ x: z.int(), y: z.int() })), dash: pressed() } // of a contract with a tick
 * ```
 */
export const held = <S extends Schema>(schema: S): Held<S> => ({ kind: 'held', schema });
/**
 * Declares an input that is pressed: `dash: pressed()`.
 * @example
 * ```ts
 * const inputs = { dash: pressed() }
 * // in the rules: the number of presses since the last tick
 * const tick = (s: { speed: number[] }, ctx: { inputs: readonly { dash: number }[] }) => ctx.inputs.forEach(({ dash }, seat) => { s.speed[seat] += dash })
 * ```
 */
export const pressed = (): Pressed => ({ kind: 'pressed' });

/**
 * Declares a game: names, schemas, numbers of seats.
 * @param name lower case with dashes, unique on a server; it is part of links and of what is stored
 * @throws TypeError that lists everything that is wrong with the declaration
 * @example
 * ```ts
 * import { contract, state } from 'rejoin/contract'
 * import { z } from 'zod' // or any other Standard Schema
 *
 * export const race = contract('race', {
 *   version: 1,
 *   seats: { min: 2, max: 4 },
 *   start: 'ready',
 *   state: state<{ at: number[] }>(),
 *   actions: { step: z.object({ by: z.int().min(1).max(3) }) },
 * })
 * ```
 */
export function contract<const D extends ContractDef, const N extends string>(name: N, def: D): Contract<D, N> {
  const problems = checkContract(name, def);
  if (problems.length > 0) throw new TypeError(formatProblems(`contract '${String(name)}'`, problems));
  const made: Contract<D, N> = {
    name,
    def,
    rules(rules) {
      const problems = checkRules(made, rules);
      if (problems.length > 0) throw new TypeError(formatProblems(`rules of '${name}'`, problems));
      return { contract: made, rules };
    },
  };
  return made;
}
