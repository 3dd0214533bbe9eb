import type { FormSchema } from '../../shared/dev-protocol.ts';
import type { Json, JsonObject } from '../../shared/json.ts';

/** What a form needs to know of a JSON Schema. What it does not understand becomes a field for JSON text. */
export type Shape = { initial: Json | undefined } & (
  | { is: 'object'; fields: readonly Field[] }
  | { is: 'choice'; values: readonly Json[] }
  | { is: 'number'; whole: boolean; min: number | null; max: number | null }
  | { is: 'text' }
  | { is: 'flag' }
  | { is: 'list'; of: Shape }
  | { is: 'either'; of: readonly { label: string; shape: Shape }[] }
  | { is: 'any' }
);
export interface Field {
  name: string;
  required: boolean;
  shape: Shape;
}

const deepest = 6;
const any: Shape = { is: 'any', initial: undefined };
const isSchema = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const shapeOf = (schema: FormSchema): Shape => (schema === null ? any : read(schema, schema, 0));

function read(schema: JsonObject, root: JsonObject, depth: number): Shape {
  if (depth > deepest) return any;
  if (typeof schema.$ref === 'string') {
    const found = schema.$ref
      .split('/')
      .slice(1)
      .reduce<Json | undefined>((at, key) => (isSchema(at) ? at[key] : undefined), root);
    return schema.$ref.startsWith('#') && isSchema(found) ? read(found, root, depth + 1) : any;
  }
  const given = schema.default;
  const inner = (value: Json | undefined): Shape => (isSchema(value) ? read(value, root, depth + 1) : any);
  if ('const' in schema) return { is: 'choice', values: [schema.const!], initial: schema.const };
  if (Array.isArray(schema.enum)) return { is: 'choice', values: schema.enum, initial: given ?? schema.enum[0] };
  const variants = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(variants)) {
    const of = variants.map((variant, i) => ({ label: labelOf(variant, i), shape: inner(variant) }));
    return { is: 'either', of, initial: given ?? of[0]?.shape.initial };
  }
  switch (schema.type) {
    case 'object':
      return objectShape(schema, inner);
    case 'integer':
    case 'number':
      return numberShape(schema);
    case 'string':
      return { is: 'text', initial: given ?? '' };
    case 'boolean':
      return { is: 'flag', initial: given ?? false };
    case 'null':
      return { is: 'choice', values: [null], initial: null };
    case 'array':
      return isSchema(schema.items) ? { is: 'list', of: inner(schema.items), initial: given ?? [] } : any;
    default:
      return given === undefined ? any : { is: 'any', initial: given };
  }
}

function objectShape(schema: JsonObject, inner: (value: Json | undefined) => Shape): Shape {
  if (!isSchema(schema.properties)) return { is: 'any', initial: {} };
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.entries(schema.properties).map(([name, value]) => ({
    name,
    required: required.has(name) || (isSchema(value) && 'default' in value),
    shape: inner(value),
  }));
  const initial = Object.fromEntries(fields.filter(f => f.required).map(f => [f.name, f.shape.initial ?? null]));
  return { is: 'object', fields, initial: schema.default ?? initial };
}

function numberShape(schema: JsonObject): Shape {
  // Bounds at the limits of a number type were not set by the author.
  const bound = (value: Json | undefined) =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : null;
  const [min, max] = [bound(schema.minimum), bound(schema.maximum)];
  const initial = schema.default ?? Math.min(Math.max(0, min ?? 0), max ?? Infinity);
  return { is: 'number', whole: schema.type === 'integer', min, max, initial };
}

function labelOf(variant: Json, index: number): string {
  if (!isSchema(variant)) return `${index + 1}`;
  const tag = isSchema(variant.properties)
    ? Object.values(variant.properties).find(p => isSchema(p) && 'const' in p)
    : undefined;
  if (isSchema(tag)) return String(tag.const);
  return typeof variant.title === 'string'
    ? variant.title
    : 'const' in variant
      ? String(variant.const)
      : typeof variant.type === 'string'
        ? variant.type
        : `${index + 1}`;
}

const mostButtons = 12;

/** All values of an action with so few that each gets a button; null if there are more. */
export function buttonsFor(
  shape: Shape,
): { field: string | null; buttons: readonly { label: string; data: Json }[] } | null {
  if (shape.is === 'object') {
    if (shape.fields.length === 0) return { field: null, buttons: [{ label: '', data: {} }] };
    const [only] = shape.fields;
    const values = shape.fields.length === 1 && only!.required ? valuesOf(only!.shape) : null;
    return (
      values && {
        field: only!.name,
        buttons: values.map(value => ({ label: text(value), data: { [only!.name]: value } })),
      }
    );
  }
  const values = valuesOf(shape);
  return values && { field: null, buttons: values.map(value => ({ label: text(value), data: value })) };
}

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function valuesOf(shape: Shape): Json[] | null {
  if (shape.is === 'flag') return [true, false];
  if (shape.is === 'choice') return shape.values.length <= mostButtons ? [...shape.values] : null;
  if (
    shape.is !== 'number' ||
    !shape.whole ||
    shape.min === null ||
    shape.max === null ||
    shape.max - shape.min >= mostButtons
  )
    return null;
  const { min, max } = shape;
  return Array.from({ length: max - min + 1 }, (_x, i) => min + i);
}
