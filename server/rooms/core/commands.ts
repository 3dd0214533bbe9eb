import type { Json } from '../../../shared/json.ts';
import type { NumberedVerdict } from '../../../shared/protocol.ts';
import type { Refused } from '../../../shared/refusals.ts';
import type { HangReport } from './hangs.ts';
import type { SeatInput } from './input-buffer.ts';
import type { SeatedPlayer, SeatRequest } from './seating.ts';

/** A command that a room processes. */
export type Command =
  | ({ kind: 'join' } & SeatRequest)
  /** Ends the hold of this session. */
  | { kind: 'leave'; player: string; session: string }
  | {
      kind: 'act';
      player: string;
      session: string;
      name: string;
      data: Json;
      number: { n: number; term: number } | null;
    }
  | { kind: 'away'; player: string; session: string }
  | { kind: 'timers' }
  /** Inputs since the last tick, by player. */
  | { kind: 'tick'; inputs?: ReadonlyMap<string, SeatInput> }
  /** An engine action by the server itself. */
  | { kind: 'serve'; name: string; data: Json }
  /** This effect is complete. */
  | { kind: 'effect'; key: string }
  /** Postpones all deadlines by `by` ms, the time in which the room could not commit. */
  | { kind: 'shift'; by: number }
  /** Presence is known better now; a match may have waited for that. */
  | { kind: 'settle' }
  /** Rules hung, and their node exited. */
  | { kind: 'hung'; hangReports: readonly HangReport[] }
  /** Migrates a state that an older version of the game wrote. */
  | { kind: 'migrate' };

export type Outcome =
  | { kind: 'seated'; seated: SeatedPlayer }
  /** `repeated`: a call of the server with the same key was executed before. */
  | { kind: 'accepted'; seq: number; repeated?: true }
  /** `code` may be one of the game's own. */
  | { kind: 'refused'; refusal: Refused; /** By `setup`, which threw. */ failed?: true }
  | { kind: 'refusedAction'; seq: number; refusal: Refused }
  | { kind: 'stale'; base: number; verdicts: NumberedVerdict[] }
  | { kind: 'gap'; base: number }
  | { kind: 'done' };

/** Whether the command may change who has a seat or is connected, or may set timers while no player is connected. */
export const changesPresence = (command: Command): boolean =>
  command.kind === 'join' ||
  command.kind === 'away' ||
  command.kind === 'leave' ||
  command.kind === 'timers' ||
  command.kind === 'serve' ||
  (command.kind === 'act' && command.name.startsWith('$'));
