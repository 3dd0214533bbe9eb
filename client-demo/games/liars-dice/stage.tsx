import type { DiceView } from '../../../shared/games/liars-dice/contract.ts';
import { Die } from './die.tsx';
import { describeBid, describeDiceCount, describeReveal, type Listener } from './dice-text.ts';

interface StageProps {
  /** Null before the first match. */
  view: DiceView | null;
  voice: Listener;
  /** The number of dice per player, and whether ones are wild. */
  options: { dice: number; wild: boolean };
  ended: boolean;
}

/** The middle of the table: the current bid, or the outcome of a challenge. */
export function Stage({ view, voice, options, ended }: StageProps) {
  if (!view)
    return (
      <div class="dice-stage">
        <p class="dice-say">{describeDiceCount(options.dice)} each.</p>
        <p class="dice-aside">{onesAre(options.wild)}</p>
      </div>
    );
  if (view.stage === 'reveal' && view.last) {
    const { bid, count } = view.last;
    const { found, loss } = describeReveal(voice, view.last);
    return (
      <div
        class={`dice-stage is-reveal ${count >= bid.count ? 'is-true' : 'is-lie'}`}
        key={`reveal ${view.round}`}
        data-testid="reveal"
        data-count={count}
        data-loser={view.last.loser}
      >
        <p class="dice-bid">
          <span class="dice-count">{count}</span>
          <span class="dice-of"> of {bid.count} × </span>
          <Die face={bid.face} />
        </p>
        <p class="dice-say">{found}</p>
        <p class="dice-aside">{loss}</p>
      </div>
    );
  }
  const total = view.dice.reduce((a, b) => a + b, 0);
  const aside = `${describeDiceCount(total)} on the table. ${onesAre(view.wild)}`;
  if (!view.bid) {
    const why = view.left === null ? '' : `${voice.names[view.left]} has left. `;
    const starts = ended ? '' : view.turn === voice.seat ? 'You begin.' : `${voice.names[view.turn]} begins.`;
    return (
      <div class="dice-stage" data-testid="no-bid">
        <p class="dice-say">
          {why}
          {starts}
        </p>
        <p class="dice-aside">{aside}</p>
      </div>
    );
  }
  const who = view.bid.seat === voice.seat ? 'You' : voice.names[view.bid.seat];
  return (
    <div
      class="dice-stage"
      data-testid="current-bid"
      data-count={view.bid.count}
      data-face={view.bid.face}
      data-seat={view.bid.seat}
    >
      <p
        class="dice-bid is-said"
        key={`${view.round} ${view.bid.count} ${view.bid.face}`}
        role="img"
        aria-label={describeBid(view.bid)}
      >
        <span class="dice-count">{view.bid.count}</span>
        <span class="dice-of"> × </span>
        <Die face={view.bid.face} />
      </p>
      <p class="dice-say">
        {who} bid{view.bid.late ? ', when the time ran out' : ''}
      </p>
      <p class="dice-aside">{aside}</p>
    </div>
  );
}

const onesAre = (wild: boolean): string => (wild ? 'Ones are wild.' : 'Ones are just ones.');
