import { z } from 'zod';
import { contract, state, view } from '../../../../shared/contract.ts';

/** What is written down in one match before it ends. Bounded, so that a snapshot is of a size that games have. */
export const linesOfAMatch = 120;

/** What every version keeps. */
interface Pages {
  lines: string[];
  /** Timers that have fired, by the id with which they were set. */
  rung: string[];
}
/** The state of odd versions. `secrets`: by seat, what only that seat may see. */
export interface OddLedger extends Pages {
  secrets: string[];
}
/** The state of even versions: the same, and nothing where it was. */
export interface EvenLedger {
  pages: Pages;
  kept: { word: string }[];
}
export type Ledger = OddLedger | EvenLedger;
export interface LedgerSeen {
  lines: string[];
  rung: string[];
  secret: string | null;
}

/**
 * The game in which it is easiest to see that everything happened exactly once: every action carries an id of its own,
 * and the state lists what was done. It has all that a room can promise: a secret for each seat, a timer, effects,
 * refusals.
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
    /** Never ends, and takes its node along. */
    hang: z.object({ id: z.string().max(40) }),
  },
  timers: { ring: z.object({ id: z.string() }) },
  clocks: ['ring'],
  effects: { record: z.object({ id: z.string() }), report: z.object({ lines: z.int() }) },
  refusals: ['as-you-wish', 'armed'],
  away: { hold: 600_000, then: 'leave' },
});

const pagesOf = (s: Ledger): Pages => ('pages' in s ? s.pages : s);
const secretsOf = (s: Ledger): string[] => ('pages' in s ? s.kept.map(k => k.word) : s.secrets);
/** A ledger in the shape of a version, whatever shape these came from. */
const shaped = (version: number, { lines, rung }: Pages, secrets: readonly string[]): Ledger =>
  version % 2 === 0
    ? { pages: { lines, rung }, kept: secrets.map(word => ({ word })) }
    : { lines, rung, secrets: [...secrets] };

/**
 * The ledger of a version, 1 or above: its state has another shape than that of the version before; clients of the
 * first can play it.
 */
export const ledgerOf = (version: number) =>
  contract('ledger', { ...ledger.def, version, clientsFrom: 1 }).rules({
    setup: ctx =>
      shaped(
        version,
        { lines: [], rung: [] },
        ctx.players.map(() => ''),
      ),
    view: (s, who) => ({
      lines: pagesOf(s).lines,
      rung: pagesOf(s).rung,
      secret: who.seat === null ? null : (secretsOf(s)[who.seat] ?? null),
    }),
    actions: {
      write(s, { id }, ctx) {
        const { lines } = pagesOf(s);
        lines.push(id);
        if (lines.length % 16 === 0) ctx.effects.record({ id });
        if (lines.length < linesOfAMatch) return;
        ctx.effects.report({ lines: lines.length });
        ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
      },
      refuse: (s, { id }, ctx) => {
        pagesOf(s).lines.push(id); // undone with the refusal
        ctx.refuse('as-you-wish', id);
      },
      whisper(s, { word }, ctx) {
        if ('pages' in s) s.kept[ctx.seat]!.word = word;
        else s.secrets[ctx.seat] = word;
      },
      arm(_s, { id, ms }, ctx) {
        if (ctx.timers.ring.at !== null) ctx.refuse('armed');
        ctx.timers.ring.set(ms, { id });
      },
      hang(s, { id }) {
        pagesOf(s).lines.push(id); // nobody will ever see it
        for (;;);
      },
    },
    timers: {
      ring(s, { id }) {
        pagesOf(s).rung.push(id);
      },
    },
    migrate: s => shaped(version, pagesOf(s as Ledger), secretsOf(s as Ledger)),
  });
