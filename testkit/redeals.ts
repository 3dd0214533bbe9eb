import type { RoomDocument } from '../server/rooms/core/document.ts';
import type { RoomStep as Step } from '../server/rooms/actor/actor.ts';
import type { AnyGame } from '../shared/contract.ts';
import { copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { createRandom, type Random, type Seed } from '../shared/random.ts';
import {
  committedBatches,
  isRevealed,
  nameOf,
  refusalOf,
  Rerun,
  rerunBatch,
  authorTimersOf,
  type Batch,
  type RerunResult,
} from './reruns.ts';
import { LeakError, secretLeaves, type Secret } from './secrets.ts';

/** Seeds from which each entry is run again, the original one included. */
const seedCount = 40;
/** Runs of one entry: `minRuns`, or `runsPerDraw` for each random number that it draws, up to `maxRuns`. */
const [minRuns, runsPerDraw, maxRuns] = [400, 8, 2_000];
/** Maximum number of entries to run again; those that begin a match come first. */
const maxEntries = 6;
/** Bound of the work on large documents: bytes of all copies. With fewer than `minRuns` runs there is no finding. */
const maxBytes = 400e6;
/** Minimum number of pairs of runs, and of seeds, that support a finding. */
const [minPairs, minSeeds] = [3, 2];

/**
 * Checks entries in which secrets are drawn at random, as in a deal. The entry is run from other seeds, and from each
 * seed again with a single random number replaced: that changes few cards and mostly leaves a receiver's view
 * unchanged. Pairs of runs with the same view and own secret of the receiver are compared. A field that changes only
 * together with another seat's secret is a leak. A field with a random number of its own, or from an undealt part of
 * the deck, also changes alone.
 * @param first the document before the first entry @param docs the room's document after each entry
 * @throws LeakError that names the field, the entry and the receiver
 */
export function assertDealtSecretsHidden(
  game: AnyGame,
  first: RoomDocument,
  docs: readonly RoomDocument[],
  steps: readonly Step[],
  secret: Secret,
  reveals: readonly string[],
): void {
  const before = (batch: Batch): RoomDocument => (batch.seq === 0 ? first : docs[batch.seq - 1]!);
  const begins = (batch: Batch): boolean => before(batch).room.match !== docs[batch.seq]!.room.match;
  const deals = committedBatches(steps, docs.length).filter(
    batch => !isRevealed(batch, reveals) && dealsSecrets(before(batch), docs[batch.seq]!, secret),
  );
  const sorted = [...deals.filter(begins), ...deals.filter(batch => !begins(batch))];
  for (const batch of sorted.slice(0, maxEntries)) checkEntry(game, before(batch), batch, secret);
}

/** Whether an entry drew random numbers and a secret appeared in it. */
function dealsSecrets(before: RoomDocument, after: RoomDocument, secret: Secret): boolean {
  if (after.room.phase !== 'playing' || after.state === null || before.hidden.seed.join() === after.hidden.seed.join())
    return false;
  const isSame = (seat: number) =>
    before.state !== null &&
    before.room.match === after.room.match &&
    JSON.stringify(secretLeaves(before.state, secret, seat)) ===
      JSON.stringify(secretLeaves(after.state, secret, seat));
  return seatsOf(after).some(seat => secretLeaves(after.state, secret, seat).length > 0 && !isSame(seat));
}

const seatsOf = ({ hidden }: RoomDocument): number[] => hidden.seats.flatMap((s, seat) => (s ? [seat] : []));

/** Receiver of a message: a seat, spectators (null), or the operator, who reads the log. */
type Receiver = number | null | 'operator';

/** Evidence about a field that a receiver got. */
interface Suspect {
  pairs: number;
  seeds: Set<number>;
  isFree: boolean;
  leaves: Map<string, number>;
  what: string;
  field: string;
  to: string;
  seats: Map<string, number>;
}

function checkEntry(game: AnyGame, before: RoomDocument, batch: Batch, secret: Secret): void {
  const draw = createRandom([1, 2, 3, before.hidden.seed[0]]);
  const suspects = new Map<string, Suspect>();
  const most = Math.floor(maxBytes / Math.max(1, JSON.stringify(before).length * 4));
  for (let n = 0; n < seedCount; n++) {
    const seed: Seed = n === 0 ? [...before.hidden.seed] : [word(draw), word(draw), word(draw), word(draw)];
    const base = deal(game, before, batch, seed, null);
    if (base.heard.doc.room.phase !== 'playing' || base.draws === 0) continue;
    const runs = Math.min(maxRuns, Math.max(minRuns, base.draws * runsPerDraw));
    if (runs > most) return;
    for (let i = 0; i < runs / seedCount; i++) {
      const other = deal(game, before, batch, seed, { draw: draw.int(0, base.draws - 1), by: word(draw) });
      // A rule that drew another number of values used all later ones for other purposes.
      if (other.draws === base.draws && other.heard.doc.room.phase === 'playing')
        comparePair(game, batch, secret, base.heard, other.heard, n, suspects);
    }
  }
  for (const { isFree, pairs, seeds, leaves, seats, what, field, to } of suspects.values()) {
    if (isFree || pairs < minPairs || seeds.size < minSeeds) continue;
    const [path] = [...leaves].sort((a, b) => b[1] - a[1])[0]!;
    throw new LeakError(
      `what seat ${seats.get(path)} alone may know (state.${path}) shows in ${what}${field === '' ? '' : `, field ${field}`}, entry ${batch.seq + 1}, as ${to} received it`,
    );
  }
}

const word = (random: Random): number => random.int(0, 0xffff_ffff) | 0;

/** Runs an entry from a seed, with one random number replaced. */
function deal(
  game: AnyGame,
  before: RoomDocument,
  batch: Batch,
  seed: Seed,
  replaced: { draw: number; by: number } | null,
): { heard: RerunResult; draws: number } {
  const rerun = new Rerun(game, before, batch);
  const count = watchDraws(Object.assign(rerun.room.doc.hidden.seed, seed), replaced);
  const heard = rerunBatch(rerun, batch);
  return { heard, draws: count() };
}

/**
 * Counts the numbers that are drawn from a seed, and replaces one of them: the generator (sfc32) takes its four words
 * out of the array, adds the first to its output, and this output to the third word of the next state. There it is
 * subtracted again, so that all later numbers stay the same.
 */
function watchDraws(seed: Seed, replaced: { draw: number; by: number } | null): () => number {
  let draws = 0;
  Object.defineProperty(seed, Symbol.iterator, {
    enumerable: false,
    value: function* (this: Seed) {
      const [a, b, c, d] = [this[0], this[1], this[2], this[3]];
      const at = draws++;
      yield replaced?.draw === at ? (a + replaced.by) | 0 : a;
      yield b;
      yield replaced && replaced.draw + 1 === at ? (c - replaced.by) | 0 : c;
      yield d;
    },
  });
  return () => draws;
}

function comparePair(
  game: AnyGame,
  batch: Batch,
  secret: Secret,
  one: RerunResult,
  two: RerunResult,
  seed: number,
  suspects: Map<string, Suspect>,
): void {
  if (textOf(one) === textOf(two)) return;
  const seats = seatsOf(one.doc);
  const known = [one, two].map(
    ({ doc }) =>
      new Map(
        seats.flatMap(seat =>
          secretLeaves(doc.state, secret, seat).map(({ path, value }) => [`${seat}:${path.join('.')}`, value] as const),
        ),
      ),
  );
  const [knownOne, knownTwo] = known as [Map<string, Json>, Map<string, Json>];
  const changed = [...new Set([...knownOne.keys(), ...knownTwo.keys()])].filter(
    key => knownOne.get(key) !== knownTwo.get(key),
  );
  for (const receiver of [null, ...seats, 'operator'] as Receiver[]) {
    const [first, second] = [received(batch, one, receiver), received(batch, two, receiver)];
    const differing = differences(first, second);
    if (differing.length === 0) continue;
    // Consequences of the receiver's own view are not compared.
    if (
      receiver !== 'operator' &&
      (changed.some(key => key.startsWith(`${receiver}:`)) ||
        viewOf(game, one, receiver) !== viewOf(game, two, receiver))
    )
      continue;
    const isExchange =
      sorted([...knownOne.values(), ...first.values()]) === sorted([...knownTwo.values(), ...second.values()]);
    for (const key of differing) {
      const [what, field] = key.split('|') as [string, string];
      const to =
        receiver === 'operator'
          ? 'the operator'
          : !what.startsWith('the event') && !what.startsWith('the answer')
            ? 'everybody'
            : receiver === null
              ? 'spectators'
              : nameOf(one.doc, one.doc.hidden.seats[receiver]!.player);
      const id = `${receiver}|${key}`;
      const suspect = suspects.get(id) ?? {
        pairs: 0,
        seeds: new Set(),
        isFree: false,
        leaves: new Map<string, number>(),
        seats: new Map<string, number>(),
        what: what.replace(/ #\d+$/, ''),
        field: field.replace(/\.?#\d+$/, ''),
        to,
      };
      suspects.set(id, suspect);
      if (changed.length === 0) suspect.isFree = true;
      // If a deck is dealt completely, the remaining card changes with any hand, and reveals it only as the missing
      // one.
      if (changed.length === 0 || isExchange) continue;
      suspect.pairs += 1;
      suspect.seeds.add(seed);
      for (const leaf of changed) {
        const [seat, path] = leaf.split(':') as [string, string];
        suspect.leaves.set(path, (suspect.leaves.get(path) ?? 0) + 1);
        suspect.seats.set(path, Number(seat));
      }
    }
  }
}

function viewOf(game: AnyGame, { doc }: RerunResult, seat: number | null): string {
  const look = game.rules.view;
  return JSON.stringify(look ? look(copy(doc.state), { seat, ended: false, replay: false }) : doc.state);
}

/** Everything that is sent besides views. */
const textOf = ({ events, failures, outcomes, doc }: RerunResult): string =>
  JSON.stringify([events, failures, outcomes, doc.room, authorTimersOf(doc)]);

const sorted = (values: readonly unknown[]): string => values.map(String).sort().join();

/** Everything that a receiver gets besides the view, by field. Each word of a string is a field. */
function received(
  batch: Batch,
  { doc, events, outcomes, failures }: RerunResult,
  receiver: Receiver,
): Map<string, string> {
  const fields = new Map<string, string>();
  const put = (what: string, value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) put(what, inner, path === '' ? key : `${path}.${key}`);
    else if (typeof value === 'string')
      (value.match(/[\p{L}\p{N}]+/gu) ?? []).forEach((text, i) => fields.set(`${what}|${path}.#${i}`, text));
    else fields.set(`${what}|${path}`, String(value));
  };
  if (receiver === 'operator') {
    put('a log line', failures, '');
    return fields;
  }
  const own = receiver === null ? null : doc.hidden.seats[receiver]?.player;
  batch.steps.forEach(({ command }, i) => {
    if ('player' in command && command.player === own)
      put(`the answer to an action #${i}`, refusalOf(outcomes[i]!), '');
  });
  events
    .filter(e => !e.to || (typeof receiver === 'number' && e.to.includes(receiver)))
    .forEach(({ name, data }, i) => {
      fields.set(`the event '${name}' #${i}|`, name);
      put(`the event '${name}' #${i}`, data, '');
    });
  put('the public room', doc.room, '');
  put('the time of a timer', authorTimersOf(doc), '');
  return fields;
}

function differences(one: ReadonlyMap<string, string>, two: ReadonlyMap<string, string>): string[] {
  const keys: string[] = [];
  for (const [key, value] of one) if (two.get(key) !== value) keys.push(key);
  for (const key of two.keys()) if (!one.has(key)) keys.push(key);
  return keys;
}
