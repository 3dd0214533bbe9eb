import type { Json, JsonObject } from '../../../shared/json.ts';

/** The fields of a seat that hold session ids, in a room's document and in what changes in it. */
const isSessionField = (key: string): boolean => key === 'closed' || /session/i.test(key);

/**
 * A room's document, or a change of it, without session ids: a page that reads it in dev mode must not be able to name
 * a player's hold on a seat. The first characters stay, so that an author can tell one session from another.
 */
export function redactSessions(doc: JsonObject): JsonObject {
  const hidden = asObject(doc.hidden);
  const seats = hidden?.seats;
  return hidden && seats !== undefined ? { ...doc, hidden: { ...hidden, seats: redactSeats(seats) } } : doc;
}

function redactSeats(value: Json): Json {
  if (Array.isArray(value)) return value.map(redactSeats);
  const object = asObject(value);
  return object
    ? Object.fromEntries(
        Object.entries(object).map(([key, own]) => [key, isSessionField(key) ? shorten(own) : redactSeats(own)]),
      )
    : value;
}

function shorten(value: Json): Json {
  if (typeof value === 'string') return value.length > 4 ? `${value.slice(0, 4)}…` : value;
  if (Array.isArray(value)) return value.map(shorten);
  const object = asObject(value);
  return object ? Object.fromEntries(Object.entries(object).map(([key, own]) => [key, shorten(own)])) : value;
}

const asObject = (value: Json | undefined): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
