import type { StandardSchemaV1 } from '@standard-schema/spec';
import { checkContract, checkRules, formatProblems } from './contract-checks.ts';
import type { Contract, ContractDef, Held, Pressed, Schema, TypeOf } from './contract-types.ts';

export type * from './contract-types.ts';

/**
 * Makes a schema from a function, for code without a schema library.
 * @param isValid whether a value is valid. It may be called with a value of any type; a throw means invalid
 * @param explanation the text that the sender of an invalid value receives
 * @example
 * ```ts
 * const actions = { step: schema<{ by: number }>(({ by }) => [1, 2, 3].includes(by), 'by: 1, 2 or 3') }
 * ```
 */
export const schema = <T>(isValid: (value: T) => boolean, explanation = 'not valid'): StandardSchemaV1<T> => ({
  '~standard': {
    version: 1,
    vendor: 'rejoin',
    validate: value => (isValid(value as T) ? { value: value as T } : { issues: [{ message: explanation }] }),
  },
});
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

export { parse } from './parse.ts';
