import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import type { Seed } from '../../shared/random.ts';
import { strictJson } from '../../shared/strict-json.ts';
import { newDocument, type RoomDocument } from '../rooms/core/document.ts';
import { readDocument } from '../rooms/core/entry.ts';
import { RoomMachine } from '../rooms/core/machine.ts';
import type { StoredRoom } from '../store/store.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Evaluates the view of every seat and of a spectator. @returns what failed */
function viewProblems(game: AnyGame, doc: RoomDocument): string[] {
  const view = game.rules.view as ((s: Json, who: unknown) => unknown) | undefined;
  if (view === undefined || doc.state === null) return [];
  const problems = new Set<string>();
  for (const seat of [null, ...doc.room.seats.keys()]) {
    try {
      const who = { seat, ended: doc.room.phase === 'ended', replay: false };
      strictJson(view(copy(doc.state), who), 'view');
    } catch (error) {
      problems.add(`view: ${messageOf(error)}`);
    }
  }
  return [...problems];
}

/**
 * Starts a match with the fewest and with the most players, in memory.
 * @returns what failed: setup, a rule of the start, or a view
 */
export function startProblems(game: AnyGame): string[] {
  const { seats, teams } = game.contract.def as ContractDef;
  const problems = new Set<string>();
  for (const players of new Set([seats.min, seats.max])) {
    const doc = newDocument(game, {
      id: 'check',
      code: 'CHECK',
      private: true,
      options: defaultOptions(game),
      seed: [1, 2, 3, 4] as Seed,
      now: Date.now(),
    });
    const fail = (where: string, error: unknown) => problems.add(`${where}, ${players} players: ${messageOf(error)}`);
    const machine = new RoomMachine(game, doc, 1, 0, fail, undefined, true);
    const now = doc.hidden.clock;
    for (let i = 0; i < players; i++) {
      const joined = machine.step(
        { kind: 'join', player: `player-${i}`, session: `session-${i}`, name: `Player ${i}` },
        now,
      );
      if (joined.kind === 'refused' && problems.size === 0)
        problems.add(
          `join, player ${i + 1} of ${players}: ${joined.refusal.code} ${joined.refusal.detail ?? ''}`.trim(),
        );
    }
    if (doc.room.phase === 'waiting') {
      const started = machine.step({ kind: 'serve', name: '$start', data: {} }, now);
      if (started.kind === 'refused' && problems.size === 0 && teams === undefined)
        problems.add(`start, ${players} players: ${started.refusal.code} ${started.refusal.detail ?? ''}`.trim());
    }
    for (const problem of viewProblems(game, machine.doc)) problems.add(`${problem} (${players} players)`);
  }
  return [...problems];
}

/** What quick join gives a room: the schema's answer to `{}`. */
function defaultOptions(game: AnyGame): JsonObject {
  const { options } = game.contract.def as ContractDef;
  const result = options?.['~standard'].validate({});
  return result === undefined || result instanceof Promise || result.issues !== undefined
    ? {}
    : (result.value as JsonObject);
}

/**
 * Reads a stored room with these rules as its next owner would: its journal, the migration of its state, and the views
 * of its members. The room itself is not touched.
 * @returns what failed, and whether the state was migrated
 */
export function checkStoredRoom(
  game: AnyGame,
  stored: StoredRoom,
): { problems: readonly string[]; migratedFrom: number | null } {
  let doc: RoomDocument;
  try {
    doc = readDocument(stored);
  } catch (error) {
    return { problems: [messageOf(error)], migratedFrom: null };
  }
  const version = game.contract.def.version as number;
  const { stateVersion } = doc.hidden;
  if (stateVersion > version)
    return {
      problems: [`its state is of version ${stateVersion}: nodes with version ${version} do not claim it`],
      migratedFrom: null,
    };
  const problems: string[] = [];
  const machine = new RoomMachine(game, doc, 1, stored.seq, (where, error) =>
    problems.push(`${where}, from version ${stateVersion}: ${messageOf(error)}`),
  );
  machine.step({ kind: 'migrate' }, doc.hidden.clock);
  if (problems.length === 0) problems.push(...viewProblems(game, machine.doc));
  return { problems, migratedFrom: stateVersion === version ? null : stateVersion };
}
