import type { Json, JsonObject } from '../../../shared/json.ts';

/** Whether a field of a seat holds session ids, in a document or in a change. */
const isSessionField = (key: string): boolean => key === 'closed' || /session/i.test(key);

/**
 * Copies a room's document, or a change of it, with shortened session ids: a page that reads it in dev mode must not be
 * able to use a player's session. The first characters remain, so that sessions can be told apart.
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
