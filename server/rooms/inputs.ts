import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { parseJson } from '../../shared/parse-json.ts';
import type { RoomSaying } from './messages.ts';

type Done = { hold: Record<string, Json>; press: Record<string, number> };
/** What a seat did since the last tick: what it holds, how often it pressed, and the last number of `session` that counts. */
export interface SeatInput extends Done { session: string; n: number }

/** A player's inputs, with what tells messages that come late, twice or not at all. */
interface Taken extends SeatInput {
  /** The last message whose holds were taken: those of an older one come too late. */
  heldN: number;
  /** The last message that only held, and the one with presses before it: it counts when that one does. */
  calm: { n: number; after: number } | null;
  /** Nobody sees the player: nothing of it counts until somebody does. */
  away: boolean;
}

/**
 * The inputs that wait for the next tick, by player. What is held stays; presses are counted and used up. All of it is
 * in memory alone: after a takeover the clients say again what they hold, and what was not counted yet.
 *
 * Invariants:
 *  - `n` is a number up to which every press has counted, or counts at the next tick; so a press is counted once at most,
 *    and one whose message was lost is counted when the message comes again;
 *  - what is held is what the newest message of the seat's own session said.
 */
export class Inputs {
  private readonly players = new Map<string, Taken>();

  constructor(private readonly game: AnyGame) {}

  /** Takes a message in. @param applied the number up to which the room has counted @returns false when it is malformed */
  take(player: string, session: string, applied: number, request: Pick<RoomSaying, 'n' | 'after' | 'hold' | 'press'>): boolean {
    const done = readDone(this.game, request.hold ?? {}, request.press ?? {});
    if (!done) return false;
    let own = this.players.get(player);
    if (!own || own.session !== session) this.players.set(player, own = { session, n: applied, heldN: applied, calm: null, away: false, hold: {}, press: {} });
    own.n = Math.max(own.n, applied);
    own.away = false;
    const { n, after = 0 } = request;
    if (n > own.heldN) {
      Object.assign(own.hold, done.hold);
      own.heldN = n;
      if (Object.keys(done.press).length === 0) own.calm = { n, after };
    }
    if (n > own.n && after <= own.n) { // else it counts already, or one with presses before it is missing and will come again
      for (const [name, times] of Object.entries(done.press)) own.press[name] = Math.min(limits.presses, (own.press[name] ?? 0) + times);
      own.n = n;
    }
    if (own.calm && own.calm.after <= own.n) own.n = Math.max(own.n, own.calm.n);
    return true;
  }

  /** Forgets what was held by players who hold no seat any more, or hold it by another session. @param holders sessions by player */
  keep(holders: ReadonlyMap<string, string>): void {
    for (const [player, { session }] of this.players) if (holders.get(player) !== session) this.players.delete(player);
  }

  /**
   * Nobody sees a player any more, or somebody does again. What it held is kept: it may have been the reports of it that were
   * gone, and a player who has noticed nothing does not say it again.
   */
  seen(player: string, yes: boolean): void {
    const own = this.players.get(player);
    if (own) own.away = !yes;
  }

  /** What counts at this tick. The presses are used up. */
  next(): ReadonlyMap<string, SeatInput> {
    const now = new Map<string, SeatInput>();
    for (const [player, own] of this.players) {
      if (own.away) continue;
      now.set(player, { session: own.session, n: own.n, hold: own.hold, press: own.press });
      own.press = {};
    }
    return now;
  }
}

/** Reads holds and presses by the contract. Null: a name it does not have, or a value that does not fit. */
export function readDone(game: AnyGame, hold: Record<string, unknown>, press: Record<string, number>): Done | null {
  const kinds = (game.contract.def as ContractDef).inputs ?? {};
  const kindOf = (name: string) => (Object.hasOwn(kinds, name) ? kinds[name]! : null);
  const done: Done = { hold: {}, press: {} };
  for (const name of Object.keys(hold)) {
    const kind = kindOf(name);
    const read = kind?.kind === 'held' ? parseJson(kind.schema, hold[name], `inputs.${name}`) : null;
    if (!read?.ok) return null;
    done.hold[name] = read.value;
  }
  for (const name of Object.keys(press)) {
    const times = press[name]!;
    if (kindOf(name)?.kind !== 'pressed' || !(times >= 0)) return null;
    if (times > 0) done.press[name] = times;
  }
  return done;
}

/** What a tick is told of one seat. The values are copies: a rule may keep them in its state, and change them there. */
export function told(game: AnyGame, own: Done | undefined): Record<string, Json> {
  const kinds = (game.contract.def as ContractDef).inputs ?? {};
  const said: Record<string, Json> = {};
  for (const name of Object.keys(kinds)) {
    if (kinds[name]!.kind === 'held') said[name] = own && Object.hasOwn(own.hold, name) ? copy(own.hold[name]!) : null;
    else said[name] = own && Object.hasOwn(own.press, name) ? own.press[name]! : 0;
  }
  return said;
}
