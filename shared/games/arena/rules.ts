import type { CtxOf, DefOf, Rules } from '../../contract.ts';
import { bot } from './bot.ts';
import { arena, type Arena, type Pilot } from './contract.ts';
import { freshGems, scatter } from './gems.ts';
import { hz, slots, randomPoint, startPoint } from './ground.ts';
import { middle, pack, unpack } from './motion.ts';
import { dashCooldownTicks, safeTicks } from './pilot.ts';
import { beginPlay, play } from './play.ts';
import { ranking, total } from './standings.ts';

type ArenaCtx = CtxOf<typeof arena>;

export const readyTicks = 3 * hz;
export const pauseTicks = 5 * hz;

const newPilot = (gone: boolean): Pilot => ({
  score: 0,
  held: 0,
  dashed: -dashCooldownTicks,
  stun: 0,
  safe: 0,
  back: 0,
  by: null,
  gone,
});

function beginRound(s: Arena, round: number, ctx: ArenaCtx): void {
  Object.assign(s, { round, phase: 'ready', until: s.tick + readyTicks });
  for (const pilot of s.pilots) Object.assign(pilot, { ...newPilot(pilot.gone), score: pilot.score });
  s.crafts = pack(s.pilots.map((_pilot, seat) => ({ ...startPoint(seat, s.pilots.length), vx: 0, vy: 0 })));
  freshGems(s, ctx.random);
}

function endRound(s: Arena, ctx: ArenaCtx): void {
  for (const pilot of s.pilots) Object.assign(pilot, { score: total(pilot), held: 0 });
  if (s.round === ctx.options.rounds) return endMatch(s, ctx);
  Object.assign(s, { phase: 'pause', until: s.tick + pauseTicks });
}

function endMatch(s: Arena, ctx: ArenaCtx): void {
  s.phase = 'over';
  const places = ranking(s);
  ctx.effects.report({ ranking: places.map(seats => [...seats]), scores: s.pilots.map(total) });
  ctx.end({ ranking: places });
}

const rules: Rules<DefOf<typeof arena>> = {
  setup(ctx) {
    const s: Arena = {
      round: 0,
      phase: 'ready',
      tick: 0,
      until: 0,
      closes: 0,
      crafts: '',
      pilots: ctx.players.map(player => newPilot(player.out)),
      gems: Array<number>(slots).fill(0),
    };
    beginRound(s, 1, ctx);
    return s;
  },
  actions: {},
  tick(s, ctx) {
    if (s.phase === 'over') return;
    s.tick += 1;
    if (s.phase === 'play') play(s, ctx);
    if (s.tick < s.until) return;
    switch (s.phase) {
      case 'ready':
        return beginPlay(s, ctx);
      case 'play':
        return endRound(s, ctx);
      case 'pause':
        return beginRound(s, s.round + 1, ctx);
    }
  },
  /** A latecomer starts near the middle with no gems, and cannot be hit for `safeTicks`. */
  joined(s, ctx) {
    if (!s || s.phase === 'over') return;
    const crafts = unpack(s.crafts);
    while (s.pilots.length <= ctx.seat) {
      s.pilots.push(newPilot(true));
      crafts.push({ x: middle, y: middle, vx: 0, vy: 0 });
    }
    s.pilots[ctx.seat] = { ...newPilot(false), safe: s.tick + safeTicks };
    crafts[ctx.seat] = { ...randomPoint(ctx.random, 600), vx: 0, vy: 0 };
    s.crafts = pack(crafts);
  },
  /** The gems of a player who leaves are scattered. The match ends when too few players are left. */
  left(s, ctx) {
    const pilot = s.pilots[ctx.seat];
    if (!pilot || pilot.gone || s.phase === 'over') return;
    if (s.phase === 'play') scatter(s, pilot.held, ctx.random);
    Object.assign(pilot, { held: 0, gone: true });
    if (s.pilots.filter(other => !other.gone).length < arena.def.seats.min) endMatch(s, ctx);
  },
  bot,
};

export const arenaGame = arena.rules(rules);
