import { z } from 'zod';
import { contract, held, pressed, state } from '../../contract.ts';
import { profileSchema } from '../colors.ts';

/**
 * What a seat has and what time it is for it. Times are ticks of the match, so that nothing runs down while a room
 * changes owners.
 */
export interface Pilot {
  /** Gems of the rounds that are over. */
  score: number;
  /** Gems of this round: they can still be lost. */
  held: number;
  /** When its last dash began. */
  dashed: number;
  /** Until then it slides without control, also over the rim. */
  stun: number;
  /** Until then nothing touches it, and it touches nobody. */
  safe: number;
  /** It has fallen and is back then; 0: it is in play. */
  back: number;
  /** Who hit it last. */
  by: number | null;
  /** Left for good: no craft. */
  gone: boolean;
}

/**
 * Whatever moves in each tick stands in `tick` and `crafts`, and nothing else changes unless something happens.
 * `crafts` has ten hex digits a seat, `xxxyyyuuvv`: the place, and the speed plus 128. Measured with eight crafts on
 * the move, a tick is 105 bytes; as arrays of numbers, where each change repeats its index, the places alone would be
 * some 150.
 */
export interface Arena {
  round: number;
  phase: 'ready' | 'play' | 'pause' | 'over';
  tick: number;
  /** The tick that ends the phase. */
  until: number;
  /** The tick from which the rim is open and closes in. */
  closes: number;
  crafts: string;
  pilots: Pilot[];
  /** Places for gems: 0, or the worth and the place in decimal digits, `wxxxxyyyy`. */
  gems: number[];
}

/** Arena: craft collect gems on a disc, and dash at each other to make the others drop theirs. */
export const arena = contract('arena', {
  version: 1,
  seats: { min: 2, max: 8 },
  state: state<Arena>(),
  options: z.object({
    rounds: z.int().min(1).max(5).default(3),
    /** Length of a round. */
    seconds: z.int().min(20).max(180).default(60),
  }),
  profile: profileSchema,
  actions: {},
  inputs: {
    /** Where to, and how hard: a hundred is full speed. Whole numbers, so that the wire stays small. */
    steer: held(z.object({ x: z.int().min(-100).max(100), y: z.int().min(-100).max(100) })),
    dash: pressed(),
  },
  events: {
    bumped: z.object({ seat: z.int(), by: z.int(), lost: z.int() }),
    fell: z.object({ seat: z.int(), by: z.int().nullable(), lost: z.int() }),
  },
  signals: { emote: z.enum(['gg', 'nice', 'ouch', 'again']) },
  effects: { report: z.object({ ranking: z.array(z.array(z.int())), scores: z.array(z.int()) }) },
  tick: { hz: 20 },
  start: 'host',
  late: true,
  away: { hold: 30_000, then: 'bot' },
  replay: true,
});
