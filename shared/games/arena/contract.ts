import { z } from 'zod';
import { contract, held, pressed, state } from '../../contract.ts';
import { profileSchema } from '../colors.ts';

/** One seat's craft and score. Times are ticks of the match, so they do not run during a takeover. */
export interface Pilot {
  /** Gems of finished rounds. */
  score: number;
  /** Gems of this round. They can still be lost. */
  held: number;
  /** Tick at which the last dash began. */
  dashed: number;
  /** Until this tick the craft slides without control, even over the rim. */
  stun: number;
  /** Until this tick the craft cannot be hit, and hits no other. */
  safe: number;
  /** Tick at which a fallen craft returns; 0: in play. */
  back: number;
  /** The seat that hit it last. */
  by: number | null;
  /** Left for good: the seat has no craft. */
  gone: boolean;
}

/**
 * In a normal tick only `tick` and `crafts` change. `crafts` has ten hex digits per seat, `xxxyyyuuvv`: position, and
 * velocity + 128. With eight moving craft a tick takes 105 bytes (measured); as arrays of numbers, where each change
 * repeats its index, the positions alone would take about 150.
 */
export interface Arena {
  round: number;
  phase: 'ready' | 'play' | 'pause' | 'over';
  tick: number;
  /** Tick at which the phase ends. */
  until: number;
  /** Tick from which the rim is open and shrinks. */
  closes: number;
  crafts: string;
  pilots: Pilot[];
  /** Slots for gems: 0, or worth and position in decimal digits, `wxxxxyyyy`. */
  gems: number[];
}

/** Arena: craft collect gems on a disc and dash at each other to make others drop gems. */
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
    /** Direction and thrust; 100 is full speed. Integers keep messages small. */
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
