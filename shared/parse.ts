import type { Out, Schema } from './schema.ts';

/** Reads a value with a schema. Never throws: a schema that does, or that is asynchronous, is a failed reading. */
export function parse<S extends Schema>(
  schema: S,
  value: unknown,
): { ok: true; value: Out<S> } | { ok: false; detail: string } {
  try {
    const result = schema['~standard'].validate(value);
    if ('then' in result) {
      result.then(undefined, () => {}); // nobody waits for it; its failure must not end the process
      // Of zod, also one that throws: it is then run again as an asynchronous one.
      return { ok: false, detail: 'the schema throws or is asynchronous' };
    }
    if (!result.issues) return { ok: true, value: result.value as Out<S> };
    const issue = result.issues[0];
    const path = (issue?.path ?? []).map(p => String(typeof p === 'object' ? p.key : p)).join('.');
    return { ok: false, detail: `${path ? `${path}: ` : ''}${issue?.message ?? 'not valid'}`.slice(0, 200) };
  } catch (error) {
    return {
      ok: false,
      detail: `the schema failed: ${error instanceof Error ? error.message : 'unknown'}`.slice(0, 200),
    };
  }
}
