import type { RequestName, OneWayMessageName } from '../../shared/protocol.ts';
import type { AddressKind, PlayerKind } from './allowances.ts';

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
