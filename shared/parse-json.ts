import type { Schema } from './schema.ts';
import type { Json } from './json.ts';
import { parse } from './parse.ts';
import { strictJson } from './strict-json.ts';

/**
 * What came out of a schema; or why nothing can be used: the value does not fit, or (`isNotJson`) the schema made of it
 * what JSON does not keep.
 */
export type ParseJsonResult = { ok: true; value: Json } | { ok: false; detail: string; isNotJson: boolean };

/**
 * Reads a value with a schema. What comes out is the game's own making, and need be no JSON: it is checked as a state
 * is.
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
