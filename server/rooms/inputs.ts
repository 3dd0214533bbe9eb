import { parse, type AnyGame, type ContractDef } from '../../shared/contract.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { InputRequest } from '../../shared/protocol.ts';

/** What a seat did since the last tick. */
export interface SeatInput { n: number; hold: Record<string, Json>; press: Record<string, number> }

/**
 * The inputs that wait for the next tick, by player. What is held stays; presses are counted and used up. All of it is
 * in memory alone: after a takeover the clients say again what they hold, and what was not counted yet.
 */
export class Inputs {
  private readonly players = new Map<string, SeatInput & { session: string }>();

  constructor(private readonly game: AnyGame) {}

  /** Takes a message in. Numbers only grow within a session, so what comes twice counts once. @returns false when it is malformed */
  take(player: string, session: string, applied: number, request: Omit<InputRequest, 'room'>): boolean {
    const kinds = (this.game.contract.def as ContractDef).inputs ?? {};
    let own = this.players.get(player);
    if (!own || own.session !== session) this.players.set(player, own = { session, n: applied, hold: {}, press: {} });
    if (request.n <= Math.max(own.n, applied)) return true;
    const hold: Record<string, Json> = {};
    for (const [name, value] of Object.entries(request.hold ?? {})) {
      const kind = Object.hasOwn(kinds, name) ? kinds[name]! : null;
      const read = kind?.kind === 'held' ? parse(kind.schema, value) : null;
      if (!read?.ok) return false;
      hold[name] = JSON.parse(JSON.stringify(read.value)) as Json;
    }
    for (const name of Object.keys(request.press ?? {})) if (!Object.hasOwn(kinds, name) || kinds[name]!.kind !== 'pressed') return false;
    Object.assign(own.hold, hold);
    for (const [name, times] of Object.entries(request.press ?? {})) own.press[name] = Math.min(limits.presses, (own.press[name] ?? 0) + times);
    own.n = request.n;
    return true;
  }

  /** Lets go of what a player held who is not there any more. */
  drop(player: string): void { this.players.delete(player); }

  /** What counts at this tick. The presses are used up. */
  next(): ReadonlyMap<string, SeatInput> {
    const now = new Map<string, SeatInput>();
    for (const [player, own] of this.players) {
      now.set(player, { n: own.n, hold: own.hold, press: own.press });
      own.press = {};
    }
    return now;
  }
}
