import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';

/** What is written down in one match before it ends. Bounded, so that a snapshot is of a size that games have. */
export const linesOfAMatch = 120;

/** `secrets`: by seat, what only that seat may see. */
export interface Ledger {
  lines: string[];
  /** Timers that have fired, by the id with which they were set. */
  rung: string[];
  secrets: string[];
}
export interface LedgerSeen { lines: string[]; rung: string[]; secret: string | null }

/**
 * The game in which it is easiest to see that everything happened exactly once: every action carries an id of its own, and
 * the state lists what was done. It has all that a room can promise: a secret for each seat, a timer, effects, refusals.
 */
export const ledger = contract('ledger', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Ledger>(),
  view: view<LedgerSeen>(),
  actions: {
    /** Writes an id down; every sixteenth line is also asked to be recorded by the host's code. */
    write: z.object({ id: z.string().max(40) }),
    /** Is refused. */
    refuse: z.object({ id: z.string().max(40) }),
    /** Keeps a word that nobody else may see. */
    whisper: z.object({ id: z.string().max(40), word: z.string().max(60) }),
    /** Sets the timer, unless it is set. */
    arm: z.object({ id: z.string().max(40), ms: z.int().min(10).max(60_000) }),
  },
  timers: { ring: z.object({ id: z.string() }) },
  clocks: ['ring'],
  effects: { record: z.object({ id: z.string() }), report: z.object({ lines: z.int() }) },
  refusals: ['as-you-wish', 'armed'],
  away: { hold: 600_000, then: 'leave' },
});

export const ledgerGame = ledger.rules({
  setup: ctx => ({ lines: [], rung: [], secrets: ctx.players.map(() => '') }),
  view: (s, who) => ({ lines: s.lines, rung: s.rung, secret: who.seat === null ? null : s.secrets[who.seat] ?? null }),
  actions: {
    write(s, { id }, ctx) {
      s.lines.push(id);
      if (s.lines.length % 16 === 0) ctx.effects.record({ id });
      if (s.lines.length < linesOfAMatch) return;
      ctx.effects.report({ lines: s.lines.length });
      ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
    },
    refuse: (s, { id }, ctx) => {
      s.lines.push(id); // undone with the refusal
      ctx.refuse('as-you-wish', id);
    },
    whisper(s, { word }, ctx) { s.secrets[ctx.seat] = word; },
    arm(_s, { id, ms }, ctx) {
      if (ctx.timers.ring.at !== null) ctx.refuse('armed');
      ctx.timers.ring.set(ms, { id });
    },
  },
  timers: { ring(s, { id }) { s.rung.push(id); } },
});
