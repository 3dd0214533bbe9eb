import type { Out, Schema } from './schema.ts';

/** Parses a value with a schema. Never throws: a schema that throws or is asynchronous counts as a mismatch. */
export function parse<S extends Schema>(
  schema: S,
  value: unknown,
): { ok: true; value: Out<S> } | { ok: false; detail: string } {
  try {
    const result = schema['~standard'].validate(value);
    if ('then' in result) {
      result.then(undefined, () => {}); // unhandled, its rejection would end the process
      // Zod reports a schema that throws as an asynchronous one.
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
