import type { AnyGame } from '../shared/contract.ts';
import { copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { rosterOf, type RoomDocument } from '../server/rooms/core/document.ts';
import { LeakError, secretLeaves, replaceAt, firstDifference, type Secret } from './secrets.ts';

/**
 * Checks the views: each secret is changed, in every state, and the views of all others must not change. This finds
 * what a view could reveal, not only what it did.
 * @throws LeakError
 */
export function assertHiddenInViews(game: AnyGame, history: readonly RoomDocument[], secret: Secret): void {
  const look = game.rules.view;
  history.forEach((doc, i) => {
    if (doc.room.phase !== 'playing' || doc.state === null) return;
    const seats = doc.room.seats.flatMap((s, seat) => (s ? [seat] : []));
    for (const seat of seats) {
      const changed = copy(doc.state);
      const leaves = secretLeaves(doc.state, secret, seat);
      if (leaves.length === 0) continue;
      for (const { path, value } of leaves) replaceAt(changed, path, differentValue(value));
      for (const viewer of [null, ...seats.filter(s => s !== seat)]) {
        const see = (state: Json) => (look ? look(state, { seat: viewer, ended: false, replay: false }) : state);
        const [is, would] = [see(copy(doc.state)), see(copy(changed))];
        if (JSON.stringify(is) !== JSON.stringify(would))
          throw new LeakError(
            `what seat ${seat} alone may know shows in the view of ${viewer === null ? 'spectators' : `seat ${viewer}`}, field ${firstDifference(is, would)}, entry ${i + 1}: ${JSON.stringify(secret(copy(doc.state) as never, seat))}`,
          );
      }
    }
  });
}

const differentValue = (value: Json): Json =>
  typeof value === 'number'
    ? value + 1
    : typeof value === 'string'
      ? `${value}~`
      : typeof value === 'boolean'
        ? !value
        : '~';

/** Everything a player or spectator received. `player` is the id, null for a spectator. */
export interface ReceivedMessages {
  name: string;
  player: string | null;
  bytes: readonly string[];
}
/** An entry's events, and the document after the entry. */
export interface Moment {
  doc: RoomDocument;
  events: readonly { name: string; data: Json; to?: readonly number[] }[];
}

/**
 * Checks that no secret was sent outside the views: in an event to others, a refusal, a signal, an answer, or a log
 * line. Searches for values that do not occur by chance: strings of 6 characters or more, numbers of 6 digits or more.
 * What a receiver's own views or events have shown is not a leak.
 * @throws LeakError
 */
export function assertSecretsNotSent(
  game: AnyGame,
  moments: readonly Moment[],
  secret: Secret,
  received: readonly ReceivedMessages[],
  logged: readonly string[],
): void {
  const look = game.rules.view;
  /** Every member sees the ids of seated players: finding one says nothing about a secret that names a player. */
  const ids = new Set(moments.flatMap(({ doc }) => rosterOf(doc)));
  /** All secrets, by the seat's player. */
  const secrets = new Map<string, Set<string>>();
  const shown = new Map<string | null, Set<string>>();
  const show = (who: string | null, what: unknown) => {
    shown.set(who, (shown.get(who) ?? new Set()).add(JSON.stringify(what)));
  };
  for (const { doc, events } of moments) {
    const seats = doc.hidden.seats.map(s => s?.player ?? null);
    const hidden = new Map(
      doc.state === null || doc.room.phase !== 'playing'
        ? []
        : doc.room.seats.flatMap((s, seat) =>
            s ? [[seat, identifiableTexts(secret(copy(doc.state) as never, seat))] as const] : [],
          ),
    );
    for (const [seat, words] of hidden) {
      const holder = doc.room.seats[seat]?.player ?? `seat ${seat}, left`;
      for (const word of words) if (!ids.has(word)) secrets.set(holder, (secrets.get(holder) ?? new Set()).add(word));
    }
    for (const viewer of [null, ...seats.filter(p => p !== null)]) {
      const seat = viewer === null ? null : seats.indexOf(viewer);
      show(
        viewer,
        look && doc.state !== null
          ? look(copy(doc.state), { seat, ended: doc.room.phase === 'ended', replay: false })
          : doc.state,
      );
      for (const { name, data, to } of events) {
        if (to && (seat === null || !to.includes(seat))) continue;
        for (const [owner, words] of hidden)
          for (const word of words)
            if (owner !== seat && !ids.has(word) && containsText(JSON.stringify(data), word))
              throw new LeakError(
                `the event '${name}' tells ${viewer ?? 'spectators'} what seat ${owner} alone may know: ${word}`,
              );
        show(viewer, data);
      }
    }
  }
  for (const [owner, words] of secrets) {
    for (const word of words) {
      for (const line of logged)
        if (containsText(line, word))
          throw new LeakError(`what ${owner} alone may know is in the log: ${word} in ${line.slice(0, 300)}`);
      for (const { name, player, bytes } of received) {
        if (player === owner || [...(shown.get(player) ?? [])].some(text => containsText(text, word))) continue;
        const text = bytes.find(b => containsText(b, word));
        if (text !== undefined)
          throw new LeakError(`${name} received what ${owner} alone may know: ${word} in ${text.slice(0, 300)}`);
      }
    }
  }
}

const containsText = (text: string, word: string): boolean => text.includes(word);

/** The parts of a value that do not occur by chance, as they are written in JSON. */
function identifiableTexts(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 6 ? [JSON.stringify(value).slice(1, -1)] : [];
  if (typeof value === 'number') return Math.abs(value) >= 1e5 ? [String(value)] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(identifiableTexts) : [];
}

/** Checks that no receiver got the seed of the random generator. @throws LeakError */
export function assertSeedHidden(
  history: readonly RoomDocument[],
  received: readonly { name: string; bytes: readonly string[] }[],
): void {
  const words = new Set(history.flatMap(doc => doc.hidden.seed.filter(n => Math.abs(n) > 1e6).map(String)));
  for (const { name, bytes } of received) {
    for (const text of bytes)
      for (const [number] of text.matchAll(/-?\d{7,}/g))
        if (words.has(number)) throw new LeakError(`${name} received a word of the generator: ${number}`);
  }
}
