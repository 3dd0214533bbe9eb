import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Any Standard Schema (zod, valibot, arktype, …), read synchronously. */
export type Schema = StandardSchemaV1;
/** The output type of a schema: what rules receive. */
export type Out<S> = S extends StandardSchemaV1<infer _, infer O> ? O : never;
/** The input type of a schema: what a client sends. Fields with a default are optional. */
export type In<S> = S extends StandardSchemaV1<infer I, infer _> ? I : never;

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
