import type { AnyGame } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { RulesStatus } from '../../shared/dev-protocol.ts';
import { RejoinError } from '../../shared/errors.ts';
import { strictJson } from '../../shared/strict-json.ts';
import type { OwnedRooms } from '../ownership/owned-rooms.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';
import { assertSync } from '../rooms/core/rule-context.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import type { Clock, HangDetector } from '../runtime/ports.ts';

/** The new rules do not fit the running rooms. The old ones still run. The message names the game and the room. */
export class RulesRejectedError extends RejoinError {
  override readonly name = 'RulesRejectedError';
  override readonly code = 'rules-rejected';
}

/** What a reload did. `rooms`: rooms that run under the new rules; `ms`: how long it took once they were loaded. */
export interface ReloadResult {
  rooms: number;
  ms: number;
}

/** Lines of a stack that say where an author's file failed. */
const stackLines = 6;

function problemText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RejoinError) return error.message;
  return (error.stack ?? error.message).split('\n').slice(0, stackLines).join('\n');
}

interface RulesReloaderParts {
  /** The node's games by name. Changed in place. */
  games: Map<string, AnyGame>;
  ownedRooms: OwnedRooms;
  clock: Clock;
  hangDetector: HangDetector;
  /** Makes sure that some node runs a room. */
  ensureOwner(room: string): Promise<unknown>;
}

/**
 * Replaces the games of a running node, in dev mode. Each room is given up and claimed again by the same node at once,
 * so that the new rules begin where a takeover does: with the durable document, its seats, timers and random numbers.
 */
export class RulesReloader {
  private current: RulesStatus = { loads: 0, at: null, ms: 0, rooms: 0, problem: null };
  /** The pending reload; they run one after the other. */
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: RulesReloaderParts) {}

  /** For the dev page. */
  get status(): RulesStatus {
    return this.current;
  }

  /**
   * Loads games and runs all rooms under their rules. Games that `load` does not return keep their rules.
   * @throws RulesRejectedError, or what `load` throws; the old rules run on then
   */
  reload(load: () => Promise<readonly AnyGame[]>): Promise<ReloadResult> {
    const reloaded = this.running.then(() => this.run(load));
    this.running = reloaded.catch(() => {});
    return reloaded;
  }

  private async run(load: () => Promise<readonly AnyGame[]>): Promise<ReloadResult> {
    const { clock, games, ownedRooms, ensureOwner } = this.parts;
    try {
      const loaded = new Map((await load()).map(game => [game.contract.name, game]));
      const startedAt = clock.mono();
      const actors = ownedRooms.all().filter(({ game }) => loaded.has(game.contract.name));
      for (const actor of actors) this.check(actor, loaded.get(actor.game.contract.name)!);
      for (const [name, game] of loaded) games.set(name, game);
      await Promise.all(actors.map(({ id }) => ownedRooms.reopen(id, ensureOwner)));
      const result = { rooms: actors.length, ms: Math.round(clock.mono() - startedAt) };
      this.current = { ...result, loads: this.current.loads + 1, at: clock.now(), problem: null };
      return result;
    } catch (error) {
      this.current = { ...this.current, problem: problemText(error) };
      throw error;
    }
  }

  /** @throws RulesRejectedError when a room cannot continue under the new rules */
  private check({ id, game: before, document }: RoomActor, game: AnyGame): void {
    const { version, seats } = game.contract.def;
    const reject = (why: string, cause?: unknown) => {
      throw new RulesRejectedError(`${before.contract.name}: room ${id} ${why}; the old rules still run`, { cause });
    };
    const { stateVersion } = document.hidden;
    if (version < stateVersion)
      reject(`has a state of version ${stateVersion}, the new contract has version ${version}`);
    if (seats.max !== document.room.seats.length)
      reject(`has ${document.room.seats.length} seats, the new contract ${seats.max}`);
    if (version === stateVersion || document.state === null) return;
    const { migrate } = game.rules;
    if (!migrate) return reject(`has a state of version ${stateVersion}, and the new rules have no migrate`);
    try {
      runWatched(this.parts.hangDetector, before.contract.name, 'migrate', '', () =>
        strictJson(
          assertSync((migrate as (s: unknown, from: number) => unknown)(copy(document.state), stateVersion)),
          'state',
        ),
      );
    } catch (error) {
      reject(`cannot be migrated: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }
}
