import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import type { AnyGame, Schema } from '../../../shared/contract.ts';
import type { FormSchema, GameDescription } from '../../../shared/dev-protocol.ts';
import type { JsonObject } from '../../../shared/json.ts';

/** Describes a game for a page that does not have its contract, with JSON Schemas for its forms. */
export function describeGame({ contract, rules }: AnyGame): GameDescription {
  const def = contract.def;
  return {
    name: contract.name,
    version: def.version,
    seats: def.seats,
    start: def.start ?? 'full',
    late: def.late ?? false,
    bots: rules.bot !== undefined,
    views: rules.view !== undefined,
    teams: [...(def.teams ?? [])],
    tick: def.tick?.hz ?? null,
    clocks: [...(def.clocks ?? [])],
    refusals: [...(def.refusals ?? [])],
    options: def.options ? jsonSchemaOf(def.options, 'input') : { type: 'object', properties: {} },
    actions: mapValues(def.actions, schema => jsonSchemaOf(schema, 'input')),
    signals: mapValues(def.signals, schema => jsonSchemaOf(schema, 'input')),
    events: mapValues(def.events, schema => jsonSchemaOf(schema, 'output')),
    inputs: mapValues(def.inputs, input =>
      input.kind === 'held' ? { kind: 'held', schema: jsonSchemaOf(input.schema, 'input') } : { kind: 'pressed' },
    ),
  };
}

const mapValues = <T, U>(all: Record<string, T> | undefined, make: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(all ?? {}).map(([name, value]) => [name, make(value)]));

/** Uses the schema's own converter, so that no schema library is needed here. */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output'): FormSchema {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  for (const target of ['draft-2020-12', 'draft-07'] as const) {
    try {
      if (jsonSchema) return jsonSchema[side]({ target }) as JsonObject;
    } catch {
      // this draft is not supported, or the schema cannot be represented
    }
  }
  return null;
}
