import type { CtxOf } from '../../contract.ts';
import { diceBot } from './bot.ts';
import { leastCount, liarsDice, matches, rank, revealMs, smallestBid, type Bid, type Dice } from './contract.ts';

type DiceCtx = CtxOf<typeof liarsDice>;

const inPlay = (s: Dice): number[] => s.hands.flatMap((hand, seat) => (hand.length > 0 ? [seat] : []));
const diceInPlay = (s: Dice): number => s.hands.flat().length;

/** The next seat that still has dice. */
function seatAfter(s: Dice, seat: number): number {
  const seats = inPlay(s);
  return seats.find(other => other > seat) ?? seats[0]!;
}

function giveTurn(s: Dice, seat: number, ctx: DiceCtx): void {
  s.turn = seat;
  if (ctx.options.turnSeconds > 0) ctx.timers.turn.set(ctx.options.turnSeconds * 1000, { seat });
}

/** Rolls all dice and starts a round; `s.turn` begins. */
function roll(s: Dice, ctx: DiceCtx): void {
  s.hands = s.hands.map(hand => ctx.random.dice(hand.length).sort((a, b) => a - b));
  s.round += 1;
  s.stage = 'bidding';
  s.bid = null;
  s.left = null;
  giveTurn(s, s.turn, ctx);
}

function placeBid(s: Dice, seat: number, { count, face }: Bid, late: boolean, ctx: DiceCtx): void {
  s.bid = { count, face, seat, late };
  ctx.emit('bid', s.bid);
  giveTurn(s, seatAfter(s, seat), ctx);
}

/**
 * Shows all hands. The bid holds if at least `count` dice match. The player who was wrong loses a die and begins the
 * next round.
 */
function reveal(s: Dice, by: number, ctx: DiceCtx): void {
  const bid = s.bid!;
  const count = s.hands.flat().filter(die => matches(die, bid.face, s.wild)).length;
  const loser = count >= bid.count ? by : bid.seat;
  s.last = { hands: s.hands.map(hand => [...hand]), bid, by, count, loser };
  s.bid = null; // moved into `last`: a state may hold an object only once
  s.stage = 'reveal';
  ctx.emit('revealed', s.last);
  ctx.timers.turn.clear();
  s.hands[loser]!.pop();
  if (s.hands[loser]!.length === 0) s.fallen.push(loser);
  if (inPlay(s).length === 1) return finish(s, ctx);
  s.turn = s.hands[loser]!.length > 0 ? loser : seatAfter(s, loser);
  ctx.timers.next.set(revealMs, {});
}

function finish(s: Dice, ctx: DiceCtx): void {
  const winner = inPlay(s)[0]!;
  const ranking = [winner, ...s.fallen.toReversed()].map(seat => [seat]);
  s.turn = winner;
  ctx.effects.report({ winner, ranking, rounds: s.round });
  ctx.end({ ranking });
}

export const liarsDiceGame = liarsDice.rules({
  setup: ctx => {
    // The last in the ranking begins the next match. The first match begins at random.
    const last = ctx.previous?.ranking.at(-1)?.[0] ?? -1;
    const turn = last >= 0 && last < ctx.players.length ? last : ctx.random.int(0, ctx.players.length - 1);
    const hands = ctx.players.map(() => Array<number>(ctx.options.dice).fill(1));
    const s: Dice = {
      hands,
      round: 0,
      stage: 'bidding',
      turn,
      bid: null,
      last: null,
      left: null,
      fallen: [],
      wild: ctx.options.wild,
    };
    roll(s, ctx);
    return s;
  },
  view: ({ hands, ...open }, who) => ({
    ...open,
    dice: hands.map(hand => hand.length),
    hands: hands.map((hand, seat) => (seat === who.seat || who.ended || who.replay ? hand : null)),
  }),
  actions: {
    bid(s, bid, ctx) {
      if (s.stage !== 'bidding') ctx.refuse('round-over');
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      const dice = diceInPlay(s);
      if (bid.count > dice) ctx.refuse('bid-too-high', `there are ${dice} dice`);
      if (s.bid && rank(bid, s.wild) <= rank(s.bid, s.wild))
        ctx.refuse('bid-too-low', `at least ${leastCount(bid.face, s.bid, s.wild)} of that face`);
      placeBid(s, ctx.seat, bid, false, ctx);
    },
    challenge(s, _data, ctx) {
      if (s.stage !== 'bidding') ctx.refuse('round-over');
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      if (!s.bid) ctx.refuse('no-bid');
      reveal(s, ctx.seat, ctx);
    },
  },
  timers: {
    // A timeout must not cost another player a die, so the clock bids and only challenges if no bid is left.
    turn(s, { seat }, ctx) {
      const bid = smallestBid(s.bid, diceInPlay(s), s.wild);
      if (bid) placeBid(s, seat, bid, true, ctx);
      else reveal(s, seat, ctx);
    },
    next: (s, _data, ctx) => roll(s, ctx),
  },
  /**
   * The player's dice are removed, so the current bid means nothing: the others roll again, without losing a die.
   * During a reveal the next round starts as scheduled.
   */
  left(s, ctx) {
    if (s.hands[ctx.seat]!.length === 0) return; // already out
    s.hands[ctx.seat] = [];
    s.fallen.push(ctx.seat);
    s.bid = null;
    if (s.turn === ctx.seat) s.turn = seatAfter(s, ctx.seat);
    if (inPlay(s).length === 1) finish(s, ctx);
    else if (s.stage === 'bidding') roll(s, ctx);
    s.left = ctx.seat;
  },
  bot: diceBot,
});
