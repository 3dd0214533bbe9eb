import { contract, state, view, type Schema } from 'rejoin/contract';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A schema by hand: any Standard Schema will do, and no library for them is needed. */
const whole = (min: number, max: number): StandardSchemaV1<{ n: number }> => ({
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: value => {
      const n = (value as { n?: unknown } | null)?.n;
      return Number.isSafeInteger(n) && (n as number) >= min && (n as number) <= max
        ? { value: { n: n as number } }
        : { issues: [{ message: `n: from ${min} to ${max}` }] };
    },
  },
});
const nothing: StandardSchemaV1<Record<string, never>> = {
  '~standard': { version: 1, vendor: 'by hand', validate: () => ({ value: {} }) },
};
const anything: Schema = { '~standard': { version: 1, vendor: 'by hand', validate: value => ({ value }) } };

export const guess = contract('guess', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ secret: number; said: number[]; turn: number }>(),
  view: view<{ said: number[]; turn: number }>(),
  actions: { say: whole(1, 3), pass: nothing },
  signals: { wave: anything },
  effects: { report: whole(0, 1) },
  refusals: ['not-your-turn'],
});

export const guessGame = guess.rules({
  setup: () => ({ secret: 3, said: [], turn: 0 }),
  view: ({ said, turn }) => ({ said, turn }),
  actions: {
    say(s, { n }, ctx) {
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      s.said.push(n);
      s.turn = 1 - s.turn;
      if (n !== s.secret) return;
      ctx.effects.report({ n: ctx.seat });
      ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
    },
    pass: s => (s.turn = 1 - s.turn),
  },
  // Types of empty data and of others meet in one function.
  bot: ({ turn, said }, seat) =>
    turn === seat ? null : said.length > 2 ? { act: 'pass', data: {} } : { act: 'say', data: { n: 1 }, after: 500 },
});
