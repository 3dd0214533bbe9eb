import { rosterOf, type RoomDocument } from '../server/rooms/core/document.ts';
import type { RoomStep as Step } from '../server/rooms/actor/actor.ts';
import type { AnyGame } from '../shared/contract.ts';
import { copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
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
import { LeakError, secretLeaves, replaceAt, firstDifference, type Path, type Secret } from './secrets.ts';

/** Maximum number of batches to run again. If there are more, every n-th secret is checked. */
const maxReruns = 30_000;

/**
 * Checks that nothing others receive depends on a secret. A match is run again with the same inputs, times and random
 * numbers, but with one part of one seat's secret changed from the entry in which it appeared. After every entry,
 * everything that others receive is compared between both runs, while that part is secret: views, events, refusals, the
 * public room, and log lines.
 * | A run ends without a finding if the changed secret changes what its own player could do, or makes a rule fail.
 * @param docs the room's document after each entry
 * @param reveals actions whose outcome may depend on secrets that stay secret
 * @throws LeakError that names the field, the entry and the receiver
 */
export function assertNoninterference(
  game: AnyGame,
  docs: readonly RoomDocument[],
  steps: readonly Step[],
  secret: Secret,
  reveals: readonly string[],
): void {
  const batches = committedBatches(steps, docs.length);
  const first = new Map<number, RerunResult>();
  const origin = (batch: Batch): RerunResult => {
    const known = first.get(batch.seq) ?? rerunBatch(new Rerun(game, copy(docs[batch.seq - 1]!), batch), batch);
    first.set(batch.seq, known);
    return known;
  };
  const starts = findSecretStarts(docs, secret);
  const pool = poolOf(starts);
  for (const start of starts) {
    const batch = batches.find(b => b.seq === start.entry - 1);
    if (!batch || batch.seq === 0 || isRevealed(batch, reveals)) continue;
    const before = docs[batch.seq - 1]!;
    compareSources(game, before, origin(batch), batch, start, secret);
    compareInputs(game, before, origin(batch), batch, start, secret, pool.get(start.pattern)!);
  }
  const total = starts.reduce((sum, { entry }) => sum + batches.filter(b => b.seq >= entry).length, 0);
  const every = Math.max(1, Math.ceil(total / maxReruns));
  starts.forEach((start, i) => {
    if (i % every !== 0) return;
    const doc = copy(docs[start.entry - 1]!);
    const ids = rosterOf(doc).filter(id => id !== null);
    // A secret that names a player can name any other.
    const others = ids.includes(start.value as string) ? ids : pool.get(start.pattern)!;
    replaceAt(doc.state, start.path, differentValue(start.value, others));
    let rerun = null as Rerun | null;
    let entry = start.entry;
    for (const batch of batches) {
      if (batch.seq < entry) continue;
      // An entry that was not made by a recorded step, or that differs when run again, ends the comparison.
      if (batch.seq !== entry++ || JSON.stringify(origin(batch).doc) !== JSON.stringify(docs[batch.seq])) return;
      if (isRevealed(batch, reveals)) return;
      if (rerun?.term !== batch.term) rerun = new Rerun(game, rerun?.room.doc ?? doc, batch);
      if (!looksSameToOthers(game, origin(batch), rerunBatch(rerun, batch), batch, start, secret)) return;
    }
  });
}

/**
 * A secret taken from the state (a card drawn from a deck) can leak in the entry in which it appears. So that entry is
 * run again with each possible source of the secret changed.
 */
function compareSources(
  game: AnyGame,
  before: RoomDocument,
  one: RerunResult,
  batch: Batch,
  start: SecretStart,
  secret: Secret,
): void {
  if (typeof before.state !== 'object' || before.state === null || before.room.phase !== 'playing') return;
  for (const path of pathsOf(before.state, start.value)) {
    const doc = copy(before);
    replaceAt(
      doc.state,
      path,
      start.value === 0 || typeof start.value === 'boolean'
        ? differentValue(start.value, [start.value])
        : typeof start.value === 'number'
          ? start.value + 1
          : `${String(start.value)}~`,
    );
    // others saw it before it was a secret
    if (seenByOthers(game, before, start.seat) !== seenByOthers(game, doc, start.seat)) continue;
    const two = rerunBatch(new Rerun(game, doc, batch), batch);
    // It is the source if this secret changed and nothing else that its player knows.
    const [is, was] = [
      secretLeaves(two.doc.state, secret, start.seat),
      secretLeaves(one.doc.state, secret, start.seat),
    ];
    if (is.length === was.length && is.filter((leaf, i) => leaf.value !== was[i]!.value).length === 1)
      looksSameToOthers(game, one, two, batch, start, secret);
  }
}

/**
 * A secret that a player chooses (a guess, an answer) can leak in the entry of that action. So the action is run again
 * with other values in place of the one that became the secret.
 * @param pool values that this secret had
 */
function compareInputs(
  game: AnyGame,
  before: RoomDocument,
  one: RerunResult,
  batch: Batch,
  start: SecretStart,
  secret: Secret,
  pool: readonly Json[],
): void {
  const values = otherValues(start.value, pool);
  batch.steps.forEach(({ command }, at) => {
    if (command.kind !== 'act' || command.player !== start.player) return;
    for (const path of pathsOf(command.data, start.value)) {
      const copies = values.flatMap(value => {
        const holder = { data: copy(command.data) };
        replaceAt(holder, ['data', ...path], value);
        const steps = batch.steps.map((step, i) => (i === at ? { ...step, command: { ...command, ...holder } } : step));
        const two = rerunBatch(new Rerun(game, before, batch), { ...batch, steps });
        const leaf = secretLeaves(two.doc.state, secret, start.seat).find(
          other => other.path.join('/') === start.path.join('/'),
        );
        return leaf?.value === value ? [two] : [];
      });
      // With one value it may be chance that the secret has it, as when an index and a card are the same number.
      if (copies.length < Math.min(2, values.length)) continue;
      for (const two of copies) looksSameToOthers(game, one, two, batch, start, secret);
    }
  });
}

/** Up to four values in place of one: such that were seen in the same field, then invented ones. */
function otherValues(value: Json, pool: readonly Json[]): Json[] {
  const invented: Json[] =
    typeof value === 'number'
      ? [value + 1, value - 1]
      : typeof value === 'string'
        ? [`${value}~`, `${value}~~`]
        : typeof value === 'boolean'
          ? [!value]
          : [];
  return [...new Set([...pool, ...invented])].filter(other => other !== value).slice(0, 4);
}

function seenByOthers(game: AnyGame, doc: RoomDocument, seat: number): string {
  const look = game.rules.view;
  const others = [null, ...doc.hidden.seats.flatMap((s, i) => (s && i !== seat ? [i] : []))];
  return JSON.stringify(
    others.map(viewer => (look ? look(copy(doc.state), { seat: viewer, ended: false, replay: false }) : doc.state)),
  );
}

/** Paths of a scalar in a state, at most 64. */
function pathsOf(state: Json, wanted: Json): Path[] {
  const places: Path[] = [];
  const walk = (value: Json, path: Path): void => {
    if (places.length >= 64) return;
    if (typeof value !== 'object' || value === null) {
      if (value === wanted) places.push(path);
    } else for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(state, []);
  return places;
}

interface SecretStart {
  entry: number;
  seat: number;
  player: string;
  path: Path;
  pattern: string;
  value: Json;
}

/** Every part of a secret, with the entry in which it appeared. */
function findSecretStarts(docs: readonly RoomDocument[], secret: Secret): SecretStart[] {
  const starts: SecretStart[] = [];
  let before = new Set<string>();
  docs.forEach((doc, i) => {
    const now = new Set<string>();
    if (doc.room.phase === 'playing' && doc.state !== null) {
      doc.room.seats.forEach((shown, seat) => {
        const player = doc.hidden.seats[seat]?.player;
        if (!shown || player === undefined) return;
        for (const { path, value } of secretLeaves(doc.state, secret, seat).slice(0, 64)) {
          const key = `${doc.room.match}/${player}/${path.join('/')}=${JSON.stringify(value)}`;
          now.add(key);
          if (!before.has(key))
            starts.push({
              entry: i + 1,
              seat,
              player,
              path,
              pattern: path.map(key => (/^\d+$/.test(key) ? '*' : key)).join('.'),
              value,
            });
        }
      });
    }
    before = now;
  });
  return starts;
}

function poolOf(starts: readonly SecretStart[]): Map<string, Json[]> {
  const pool = new Map<string, Json[]>();
  for (const { pattern, value } of starts) {
    const values = pool.get(pattern) ?? [];
    if (!values.includes(value)) values.push(value);
    pool.set(pattern, values);
  }
  return pool;
}

/** Another value seen in the same field, because rules may fail on invented ones. */
function differentValue(value: Json, pool: readonly Json[]): Json {
  const other = pool[(pool.indexOf(value) + 1) % pool.length]!;
  if (other !== value) return other;
  return typeof value === 'number'
    ? value + 1
    : typeof value === 'string'
      ? `${value}~`
      : typeof value === 'boolean'
        ? !value
        : '~';
}

/** @returns whether the two runs can still be compared @throws LeakError */
function looksSameToOthers(
  game: AnyGame,
  one: RerunResult,
  two: RerunResult,
  batch: Batch,
  start: SecretStart,
  secret: Secret,
): boolean {
  const { seat, player } = start;
  const entry = batch.seq + 1;
  const isOwn = (step: Step) => 'player' in step.command && step.command.player === player;
  const own = one.doc.room.seats[seat];
  if (one.doc.room.phase !== 'playing' || two.doc.room.phase !== 'playing' || own?.player !== player || own.bot)
    return false;
  if (batch.steps.some((step, i) => isOwn(step) && one.outcomes[i]!.kind !== two.outcomes[i]!.kind)) return false;
  if (two.failures.length > one.failures.length) return false;
  const known = (doc: RoomDocument) => secretLeaves(doc.state, secret, seat).map(leaf => leaf.value);
  const [before, after] = [known(one.doc), known(two.doc)];
  // it is public by now, or gone
  if (!before.includes(start.value) || JSON.stringify(before) === JSON.stringify(after)) return false;
  const fail = (what: string, to: string, field: string): never => {
    throw new LeakError(
      `what seat ${seat} alone may know (state.${start.path.join('.')}) shows in ${what}${field === '' ? '' : `, field ${field}`}, entry ${entry}, as ${to} received it`,
    );
  };
  const compare = (what: string, to: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) fail(what, to, firstDifference(a, b));
  };
  batch.steps.forEach((step, i) => {
    if (!('player' in step.command) || isOwn(step)) return;
    compare(
      'the answer to an action',
      nameOf(one.doc, step.command.player),
      refusalOf(one.outcomes[i]!),
      refusalOf(two.outcomes[i]!),
    );
  });
  const look = game.rules.view;
  const viewers = [null, ...one.doc.hidden.seats.flatMap((s, i) => (s && i !== seat ? [i] : []))];
  for (const viewer of viewers) {
    const to = viewer === null ? 'spectators' : nameOf(one.doc, one.doc.hidden.seats[viewer]!.player);
    const told = ({ events }: RerunResult) => events.filter(e => !e.to || (viewer !== null && e.to.includes(viewer)));
    const [first, second] = [told(one), told(two)];
    for (let i = 0; i < Math.max(first.length, second.length); i++)
      compare(`the event '${(first[i] ?? second[i])!.name}'`, to, first[i]?.data ?? null, second[i]?.data ?? null);
    const view = ({ doc }: RerunResult) =>
      look ? look(copy(doc.state), { seat: viewer, ended: false, replay: false }) : doc.state;
    compare('the view', to, view(one), view(two));
  }
  compare('the public room', 'everybody', one.doc.room, two.doc.room);
  compare('the time of a timer', 'everybody', authorTimersOf(one.doc), authorTimersOf(two.doc));
  compare('a log line', 'the operator', one.failures, two.failures);
  return true;
}
