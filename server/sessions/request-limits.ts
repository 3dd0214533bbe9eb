import type { RequestName, OneWayMessageName } from '../../shared/protocol.ts';
import type { AddressKind, PlayerKind } from './allowances.ts';

/** A kind of bucket that both a player and an address have. */
export type SharedKind = PlayerKind & AddressKind;

/** What a request takes: each kind from the player's bucket and from the address's. */
interface RequestLimits {
  /** Before the request is read. */
  readonly always: readonly SharedKind[];
  /** Where it makes or tries something; given back where it turns out to be the player's own, or right. */
  readonly sometimes?: readonly SharedKind[];
}

/**
 * The one table of limits for what clients ask and send. `limits.ts` has the rates: `limits[kind]` and
 * `limits.address[kind]`.
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

/** The kinds that some requests take only sometimes. */
export type OccasionalKind = 'creations' | 'newSeats' | 'wrongCodes' | 'matches' | 'quickJoins';
