import type { Random } from 'rejoin/contract';
import { field, gameContract, gemsToWin, type Arena, type Runner } from './contract.ts';
import { move, touches } from './motion.ts';

const gemCount = 5;

/** The rules run on the server. They change the state that they receive. */
export const game = gameContract.rules({
  setup: ctx => ({
    tick: 0,
    runners: ctx.players.map((_, seat) => newRunner(seat)),
    gems: Array.from({ length: gemCount }, () => newGem(ctx.random)),
  }),

  actions: {},

  tick(s, ctx) {
    s.tick += 1;
    s.runners.forEach((runner, seat) => {
      if (!runner) return;
      move(runner, ctx.inputs[seat]?.steer ?? null);
      const taken = s.gems.findIndex(gem => touches(runner, gem));
      if (taken < 0) return;
      runner.gems += 1;
      s.gems[taken] = newGem(ctx.random);
    });
    if (s.runners.some(runner => runner !== null && runner.gems >= gemsToWin)) ctx.end({ ranking: rankingOf(s) });
  },

  joined(s, ctx) {
    if (s) s.runners[ctx.seat] = newRunner(ctx.seat);
  },

  left(s, ctx) {
    s.runners[ctx.seat] = null;
    if (ctx.players.filter(({ out }) => !out).length < 2) ctx.end({ ranking: rankingOf(s) });
  },

  // The bot sees what its seat sees, and is asked five times a second. It runs to the nearest gem, not quite as fast.
  bot(s, seat) {
    const runner = s.runners[seat];
    if (!runner) return null;
    const distance = (gem: { x: number; y: number }) => Math.hypot(gem.x - runner.x, gem.y - runner.y);
    const [gem] = [...s.gems].sort((a, b) => distance(a) - distance(b));
    const part = 70 / Math.max(1, distance(gem!));
    return {
      hold: { steer: { x: Math.round((gem!.x - runner.x) * part), y: Math.round((gem!.y - runner.y) * part) } },
    };
  },
});

/** Runners start on a circle around the middle. */
function newRunner(seat: number): Runner {
  const angle = (seat / 6) * 2 * Math.PI;
  const [x, y] = [Math.cos(angle), Math.sin(angle)].map(part => Math.round(field.side * (0.5 + 0.35 * part)));
  return { x: x!, y: y!, gems: 0 };
}

const newGem = (random: Random): { x: number; y: number } => ({
  x: random.int(60, field.side - 60),
  y: random.int(60, field.side - 60),
});

/** The most gems first; equal numbers share a place. */
function rankingOf(s: Arena): number[][] {
  const gemsOf = (seat: number) => s.runners[seat]?.gems ?? -1;
  const seats = s.runners.flatMap((runner, seat) => (runner ? [seat] : []));
  const numbers = [...new Set(seats.map(gemsOf))].sort((a, b) => b - a);
  return numbers.map(number => seats.filter(seat => gemsOf(seat) === number));
}
