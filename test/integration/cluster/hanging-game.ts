import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';

/** Where a rule of this game may be told to hang. */
export const hangPoints = ['action', 'timer', 'tick', 'view', 'bot', 'left'] as const;
export type HangPoint = (typeof hangPoints)[number];
export interface Poison {
  count: number;
  strikes: number;
  spoiled: HangPoint | null;
}

/**
 * A game that can be told to hang. `spoiled` says where from now on; whoever acts next heals it. An action hangs by
 * itself.
 */
export const poison = contract('poison', {
  version: 1,
  seats: { min: 1, max: 4 },
  state: state<Poison>(),
  view: view<Poison>(),
  actions: {
    add: z.object({}),
    hang: z.object({}),
    spoil: z.object({ where: z.enum(hangPoints) }),
    heal: z.object({}),
  },
  timers: { strike: z.object({}) },
  tick: { hz: 10 },
  start: 'host',
  away: { hold: 600_000, then: 'leave' },
});

const forEver = (): never => {
  for (;;);
};

/** @param hang what it is to hang: in a process, a loop without end */
export const poisonGame = (hang: () => never = forEver) =>
  poison.rules({
    setup: () => ({ count: 0, strikes: 0, spoiled: null }),
    actions: {
      add: s => {
        s.count += 1;
      },
      hang: s => {
        s.count += 1000;
        hang();
      },
      spoil(s, { where }, ctx) {
        s.spoiled = where;
        if (where === 'timer') ctx.timers.strike.set(300, {});
      },
      heal: s => {
        s.spoiled = null;
      },
    },
    timers: {
      strike: s => {
        s.strikes += 1;
        if (s.spoiled === 'timer') hang();
      },
    },
    tick: s => {
      if (s.spoiled === 'tick') hang();
    },
    left: s => {
      if (s.spoiled === 'left') hang();
    },
    view: (s, { seat }) => (s.spoiled === 'view' && seat === 1 ? hang() : s),
    bot: s => (s.spoiled === 'bot' ? hang() : s.count % 2 === 1 ? { act: 'add', data: {}, after: 100 } : null),
  });
