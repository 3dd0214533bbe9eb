import type { CtxOf } from 'rejoin/contract';
import { beats, deck, playableOf, strengthOf, suits, type Card } from './cards.ts';
import { gameContract, handSize, turnSeconds, type State } from './contract.ts';

type Ctx = CtxOf<typeof gameContract>;

/** The rules run on the server. They change the state that they receive; a change is stored before anybody sees it. */
export const game = gameContract.rules({
  setup(ctx) {
    const cards = ctx.random.shuffle(deck);
    const hands = ctx.players.map(() => cards.splice(0, handSize).sort((a, b) => a - b));
    ctx.timers.turn.set(turnSeconds * 1_000, {});
    return {
      hands,
      trick: [],
      previous: null,
      turn: (ctx.match - 1) % ctx.players.length,
      won: ctx.players.map(() => 0),
      trump: ctx.random.int(0, suits.length - 1),
    };
  },

  // Everything that the view leaves out stays on the server.
  view: ({ hands, ...common }, who) => ({
    ...common,
    hand: who.seat === null ? [] : hands[who.seat]!,
    counts: hands.map(hand => hand.length),
  }),

  actions: {
    play(s, { card }, ctx) {
      const hand = s.hands[ctx.seat]!;
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      if (!hand.includes(card)) ctx.refuse('not-in-hand');
      if (!playableOf(hand, s.trick[0]?.card).includes(card)) ctx.refuse('follow-suit');
      play(s, ctx.seat, card, ctx);
    },
  },

  timers: {
    turn: (s, _data, ctx) => play(s, s.turn, ctx.random.pick(playableOf(s.hands[s.turn]!, s.trick[0]?.card)), ctx),
  },

  left(s, ctx) {
    s.hands[ctx.seat] = [];
    if (ctx.players.filter(({ out }) => !out).length < 2) return finish(s, ctx);
    if (s.turn === ctx.seat || isTrickComplete(s, ctx)) proceed(s, ctx.seat, ctx);
  },

  // The bot sees what its seat sees. It wins with its lowest card that can, or gives its lowest card away.
  bot(v, seat) {
    if (v.turn !== seat) return null;
    const byStrength = playableOf(v.hand, v.trick[0]?.card).sort((a, b) => strengthOf(a) - strengthOf(b));
    const best = bestOf(
      v.trick.map(({ card }) => card),
      v.trump,
    );
    const winning = best === null ? byStrength.at(-1) : byStrength.find(card => beats(card, best, v.trump));
    return { act: 'play', data: { card: winning ?? byStrength[0]! } };
  },
});

function play(s: State, seat: number, card: Card, ctx: Ctx): void {
  if (s.trick.length === 0) s.previous = null;
  s.hands[seat] = s.hands[seat]!.filter(other => other !== card);
  s.trick.push({ seat, card });
  proceed(s, seat, ctx);
}

/** The next player's turn, after `seat`; or the next trick, or the end. */
function proceed(s: State, seat: number, ctx: Ctx): void {
  if (s.trick.length > 0 && isTrickComplete(s, ctx)) {
    const best = bestOf(
      s.trick.map(({ card }) => card),
      s.trump,
    );
    const winner = s.trick.find(({ card }) => card === best)!.seat;
    s.won[winner]! += 1;
    s.previous = { cards: s.trick, winner };
    s.trick = [];
    seat = winner - 1; // the winner leads
  }
  if (s.hands.every(hand => hand.length === 0)) return finish(s, ctx);
  const seats = ctx.players.map((_, i) => (seat + 1 + i + ctx.players.length) % ctx.players.length);
  s.turn = seats.find(i => s.hands[i]!.length > 0 && !s.trick.some(played => played.seat === i))!;
  ctx.timers.turn.set(turnSeconds * 1_000, {});
}

const isTrickComplete = (s: State, ctx: Ctx): boolean =>
  ctx.players.every(({ out }, seat) => out || s.trick.some(played => played.seat === seat));

function bestOf(cards: readonly Card[], trump: number): Card | null {
  return cards.reduce<Card | null>((best, card) => (best === null || beats(card, best, trump) ? card : best), null);
}

/** The most tricks win; equal numbers share a place. */
function finish(s: State, ctx: Ctx): void {
  const seats = ctx.players.flatMap(({ out }, seat) => (out ? [] : [seat]));
  const numbers = [...new Set(seats.map(seat => s.won[seat]!))].sort((a, b) => b - a);
  ctx.end({ ranking: numbers.map(number => seats.filter(seat => s.won[seat] === number)) });
}
