import type { RequestName, OneWayMessageName } from '../../shared/protocol.ts';
import type { AddressAllowance, AddressKind, PlayerAllowance, PlayerKind } from './allowances.ts';

/** A kind of token that both players and addresses have. */
export type SharedKind = PlayerKind & AddressKind;

/** The tokens of a request: each kind is taken from the player and from the address. */
interface RequestLimits {
  /** Taken before the request is parsed. */
  readonly always: readonly SharedKind[];
  /** Taken if the request creates or tries something; refunded if it did not count, for example for a correct code. */
  readonly sometimes?: readonly SharedKind[];
}

/**
 * The rate limits of all requests and messages. `limits.ts` has the rates: `limits[kind]` and `limits.address[kind]`.
 */
export const requestLimits = {
  create: { always: ['requests'], sometimes: ['creations'] },
  join: { always: ['requests'], sometimes: ['creations', 'newSeats', 'wrongCodes', 'quickJoins'] },
  act: { always: ['requests'], sometimes: ['matches'] },
  place: { always: ['requests'] },
  leave: { always: ['requests'] },
  list: { always: ['requests', 'lists'] },
  inspect: { always: ['requests'] },
  input: { always: ['inputs'] },
  i: { always: ['inputs'] },
  signal: { always: ['signals'] },
} as const satisfies Record<RequestName | OneWayMessageName, RequestLimits>;

/** Kinds that requests take only under a condition. */
export type OccasionalKind = 'creations' | 'newSeats' | 'wrongCodes' | 'matches' | 'quickJoins';

/** A client whose requests are limited, by its player and by its address. */
interface LimitedClient {
  readonly allowance: PlayerAllowance;
  readonly address: AddressAllowance | null;
}

/**
 * Takes a token of each kind from the player and the address, or none if one of them is empty.
 * @returns 0, or the ms after which to retry
 */
export function takeTokens({ allowance, address }: LimitedClient, kinds: readonly SharedKind[], now: number): number {
  for (const kind of kinds) {
    const wait = Math.max(allowance.wait(kind, now), address?.wait(kind, now) ?? 0);
    if (wait > 0) return wait;
  }
  for (const kind of kinds) {
    allowance.take(kind, now);
    address?.take(kind, now);
  }
  return 0;
}

/** Takes a token for what not every request of a name does. @returns 0, or the ms after which to retry */
export function takeToken(client: LimitedClient, kind: OccasionalKind, now: number): number {
  return takeTokens(client, [kind], now);
}

export function refundToken({ allowance, address }: LimitedClient, kind: OccasionalKind): void {
  allowance.refund(kind);
  address?.refund(kind);
}
