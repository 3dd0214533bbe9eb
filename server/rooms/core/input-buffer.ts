import type { AnyGame, ContractDef } from '../../../shared/contract.ts';
import { copy } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parseJson } from '../../../shared/parse-json.ts';

/**
 * What a player's client says of its inputs: its number, what is held, how often was pressed, and the number before it
 * that had presses.
 */
export interface InputUpdate {
  n: number;
  after?: number | undefined;
  hold?: Record<string, Json> | undefined;
  press?: Record<string, number> | undefined;
}
type InputValues = { hold: Record<string, Json>; press: Record<string, number> };
/**
 * What a seat did since the last tick: what it holds, how often it pressed, and the last number of `session` that
 * counts.
 */
export interface SeatInput extends InputValues {
  session: string;
  n: number;
}

/** A player's inputs, with what tells messages that come late, twice or not at all. */
interface BufferedInput extends SeatInput {
  /** The last message whose holds were taken: those of an older one come too late. */
  lastHoldNumber: number;
  /** The last message that only held, and the one with presses before it: it counts when that one does. */
  holdOnly: { n: number; after: number } | null;
  /** Nobody sees the player: nothing of it counts until somebody does. */
  isAway: boolean;
}

/**
 * The inputs that wait for the next tick, by player. What is held stays; presses are counted and used up. All of it is
 * in memory alone: after a takeover the clients say again what they hold, and what was not counted yet.
 *
 * Invariants:
 *  - `n` is a number up to which every press has counted, or counts at the next tick; so a press is counted once at
 *    most,
 *    and one whose message was lost is counted when the message comes again;
 *  - what is held is what the newest message of the seat's own session said.
 */
export class InputBuffer {
  private readonly players = new Map<string, BufferedInput>();

  constructor(private readonly game: AnyGame) {}

  /**
   * Takes a message in. @param applied the number up to which the room has counted @returns false when it is malformed
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
      // else it counts already, or one with presses before it is missing and will come again
      for (const [name, times] of Object.entries(values.press))
        buffered.press[name] = Math.min(limits.pressesPerTick, (buffered.press[name] ?? 0) + times);
      buffered.n = n;
    }
    if (buffered.holdOnly && buffered.holdOnly.after <= buffered.n)
      buffered.n = Math.max(buffered.n, buffered.holdOnly.n);
    return true;
  }

  /**
   * Forgets what was held by players who hold no seat any more, or hold it by another session.
   * @param holders sessions by player
   */
  retainHolders(holders: ReadonlyMap<string, string>): void {
    for (const [player, { session }] of this.players) if (holders.get(player) !== session) this.players.delete(player);
  }

  /**
   * Nobody sees a player any more, or somebody does again. What it held is kept: it may have been the reports of it
   * that were gone, and a player who has noticed nothing does not say it again.
   */
  setConnected(player: string, isConnected: boolean): void {
    const buffered = this.players.get(player);
    if (buffered) buffered.isAway = !isConnected;
  }

  /** What counts at this tick. The presses are used up. */
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

/** Reads holds and presses by the contract. Null: a name it does not have, or a value that does not fit. */
export function parseInputs(
  game: AnyGame,
  hold: Record<string, unknown>,
  press: Record<string, number>,
): InputValues | null {
  const kinds = (game.contract.def as ContractDef).inputs ?? {};
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

/** What a tick is told of one seat. The values are copies: a rule may keep them in its state, and change them there. */
export function tickInputOf(game: AnyGame, values: InputValues | undefined): Record<string, Json> {
  const kinds = (game.contract.def as ContractDef).inputs ?? {};
  const inputs: Record<string, Json> = {};
  for (const name of Object.keys(kinds)) {
    if (kinds[name]!.kind === 'held')
      inputs[name] = values && Object.hasOwn(values.hold, name) ? copy(values.hold[name]!) : null;
    else inputs[name] = values && Object.hasOwn(values.press, name) ? values.press[name]! : 0;
  }
  return inputs;
}
