import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Any Standard Schema (zod, valibot, arktype, …), read synchronously. */
export type Schema = StandardSchemaV1;
/** What comes out of a schema: what rules are given. */
export type Out<S> = S extends StandardSchemaV1<infer _, infer O> ? O : never;
/** What goes into a schema: what a client may say, defaults left out. */
export type In<S> = S extends StandardSchemaV1<infer I, infer _> ? I : never;

/**
 * A schema by hand, where no library of schemas is at hand: in a page without a bundler, or for one number.
 * @param isValid whether a value is as it should be. Anything may come, whatever its type says here; a throw is a no
 * @param explanation what whoever sent another is told
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
