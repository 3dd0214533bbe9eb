import type { Schema } from './schema.ts';
import type { Json } from './json.ts';
import { parse } from './parse.ts';
import { strictJson } from './strict-json.ts';

/**
 * The output of a schema as JSON, or why there is none: the value does not match, or (`isNotJson`) the schema's output
 * is not JSON.
 */
export type ParseJsonResult = { ok: true; value: Json } | { ok: false; detail: string; isNotJson: boolean };

/**
 * Parses a value with a schema. The output is the game's own value and may be anything, so it is checked to be JSON.
 * @param path names the value, as in "events.drew"
 */
export function parseJson(schema: Schema, value: unknown, path: string): ParseJsonResult {
  const read = parse(schema, value);
  if (!read.ok) return { ...read, isNotJson: false };
  try {
    return { ok: true, value: strictJson(read.value ?? null, path) };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : `${path} is no JSON`, isNotJson: true };
  }
}
