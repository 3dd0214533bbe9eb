import type { Random } from '../../../../shared/random.ts';
import type { Lab } from '../lab.ts';

/** Packets that can be dropped; one Redis behind a proxy for each node; a Redis with replicas. */
export type Need = 'firewall' | 'one-redis' | 'replicas';

/** A kind of fault: how it is done to a lab. */
export interface Nemesis {
  /** Its name on the command line and in the tables. */
  readonly kind: string;
  /** For the report: what happens, in a line. */
  readonly says: string;
  /** What a run must have for it; without it the kind is left out, and the report says so. */
  readonly needs?: Need;
  /** Does it, and heals it. Play is waited for by the lab. @returns what was hit, and how */
  strike(lab: Lab, random: Random): Promise<string>;
  /** Takes away what it has left behind, after all rooms went on: that is not measured. `what`: as `strike` said it. */
  tidy?(lab: Lab, what: string): Promise<void>;
}

/** The kind that is none. */
export const control = 'nothing';

export const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
