import type { AnyGame } from '../../../shared/contract.ts';
import { copy } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parseJson } from '../../../shared/parse-json.ts';

/**
 * An input message of a client: its number, the held values, the number of presses, and the number (`after`) of the
 * last earlier message that had presses.
 */
export interface InputUpdate {
  n: number;
  after?: number | undefined;
  hold?: Record<string, Json> | undefined;
  press?: Record<string, number> | undefined;
}
type InputValues = { hold: Record<string, Json>; press: Record<string, number> };
/**
 * The input of a seat for one tick: held values, presses, and the highest message number of `session` that is counted.
 */
export interface SeatInput extends InputValues {
  session: string;
  n: number;
}

/** A player's input with the state needed to detect late, duplicate and lost messages. */
interface BufferedInput extends SeatInput {
  /** Number of the last message whose held values were applied; older ones are ignored. */
  lastHoldNumber: number;
  /**
   * The last message without presses, and the last one with presses before it: the former is counted once the latter
   * is.
   */
  holdOnly: { n: number; after: number } | null;
  /** The player is disconnected: nothing is counted until the player is back. */
  isAway: boolean;
}

/**
 * Inputs that wait for the next tick, by player. Held values persist; presses are counted and consumed. All of it is
 * volatile: after a takeover, clients resend held values and uncounted presses.
 * Invariants:
 *  - Every press up to number `n` has been counted, or is counted at the next tick. So a press is counted at most once,
 *    and a press whose message was lost is counted when the message is resent.
 *  - The held values are those of the newest message of the seat's current session.
 */
export class InputBuffer {
  private readonly players = new Map<string, BufferedInput>();

  constructor(private readonly game: AnyGame) {}

  /**
   * Applies a message.
   * @param countedTo the highest number that the room has counted
   * @returns false when it is malformed
   */
  add(player: string, session: string, countedTo: number, request: InputUpdate): boolean {
    const values = parseInputs(this.game, request.hold ?? {}, request.press ?? {});
    if (!values) return false;
    let buffered = this.players.get(player);
    if (!buffered || buffered.session !== session)
      this.players.set(
        player,
        (buffered = {
          session,
          n: countedTo,
          lastHoldNumber: countedTo,
          holdOnly: null,
          isAway: false,
          hold: {},
          press: {},
        }),
      );
    buffered.n = Math.max(buffered.n, countedTo);
    buffered.isAway = false;
    const { n, after = 0 } = request;
    if (n > buffered.lastHoldNumber) {
      Object.assign(buffered.hold, values.hold);
      buffered.lastHoldNumber = n;
      if (Object.keys(values.press).length === 0) buffered.holdOnly = { n, after };
    }
    if (n > buffered.n && after <= buffered.n) {
      // otherwise it is counted already, or an earlier message with presses is missing and will be resent
      for (const [name, times] of Object.entries(values.press))
        buffered.press[name] = Math.min(limits.pressesPerTick, (buffered.press[name] ?? 0) + times);
      buffered.n = n;
    }
    if (buffered.holdOnly && buffered.holdOnly.after <= buffered.n)
      buffered.n = Math.max(buffered.n, buffered.holdOnly.n);
    return true;
  }

  /**
   * Drops the inputs of players who have no seat, or have it under another session.
   * @param holders sessions by player
   */
  retainHolders(holders: ReadonlyMap<string, string>): void {
    for (const [player, { session }] of this.players) if (holders.get(player) !== session) this.players.delete(player);
  }

  /**
   * Marks a player as disconnected or connected. Held values are kept: if only presence reports were lost, the player
   * has not noticed anything and does not resend them.
   */
  setConnected(player: string, isConnected: boolean): void {
    const buffered = this.players.get(player);
    if (buffered) buffered.isAway = !isConnected;
  }

  /** Takes the inputs of this tick and consumes the presses. */
  takeForTick(): ReadonlyMap<string, SeatInput> {
    const counted = new Map<string, SeatInput>();
    for (const [player, buffered] of this.players) {
      if (buffered.isAway) continue;
      counted.set(player, { session: buffered.session, n: buffered.n, hold: buffered.hold, press: buffered.press });
      buffered.press = {};
    }
    return counted;
  }
}

/** Validates held values and presses against the contract. Null: an unknown name, or an invalid value. */
export function parseInputs(
  game: AnyGame,
  hold: Record<string, unknown>,
  press: Record<string, number>,
): InputValues | null {
  const kinds = game.contract.def.inputs ?? {};
  const kindOf = (name: string) => (Object.hasOwn(kinds, name) ? kinds[name]! : null);
  const values: InputValues = { hold: {}, press: {} };
  for (const name of Object.keys(hold)) {
    const kind = kindOf(name);
    const read = kind?.kind === 'held' ? parseJson(kind.schema, hold[name], `inputs.${name}`) : null;
    if (!read?.ok) return null;
    values.hold[name] = read.value;
  }
  for (const name of Object.keys(press)) {
    const times = press[name]!;
    if (kindOf(name)?.kind !== 'pressed' || !(times >= 0)) return null;
    if (times > 0) values.press[name] = times;
  }
  return values;
}

/**
 * The input of one seat as the tick rule gets it. Values are copies, because a rule may keep them in its state and
 * change them.
 */
export function tickInputOf(game: AnyGame, values: InputValues | undefined): Record<string, Json> {
  const kinds = game.contract.def.inputs ?? {};
  const inputs: Record<string, Json> = {};
  for (const name of Object.keys(kinds)) {
    if (kinds[name]!.kind === 'held')
      inputs[name] = values && Object.hasOwn(values.hold, name) ? copy(values.hold[name]!) : null;
    else inputs[name] = values && Object.hasOwn(values.press, name) ? values.press[name]! : 0;
  }
  return inputs;
}
