import { useEffect, useState } from 'preact/hooks';
import { leastCount, smallestBid, type Bid } from '../../../shared/games/liars-dice/contract.ts';
import { Die } from './die.tsx';
import { describeBid, faceName } from './dice-text.ts';

interface ComposerProps {
  /** The bid to beat. */
  over: Bid | null;
  /** Number of dice of all players. */
  total: number;
  wild: boolean;
  /** Whether a bid may be made. */
  active: boolean;
  onBid(bid: Bid): void;
  onChallenge(): void;
}

const faces = [1, 2, 3, 4, 5, 6];

/** The form of a bid. It starts with the smallest valid bid, so one press is enough. */
export function Composer({ over, total, wild, active, onBid, onChallenge }: ComposerProps) {
  const least = (face: number) => leastCount(face, over, wild);
  const [bid, setBid] = useState<Bid | null>(() => smallestBid(over, total, wild));
  /** Whether the player chose the count. A chosen count is kept when the face changes. */
  const [chosen, setChosen] = useState(false);

  function step(by: number): void {
    if (!bid || bid.count + by < least(bid.face) || bid.count + by > total) return;
    setBid({ ...bid, count: bid.count + by });
    setChosen(true);
  }
  function take(face: number): void {
    if (!bid || least(face) > total) return;
    // Bids on wild ones count on a scale of their own.
    const keep = chosen && !(wild && (face === 1) !== (bid.face === 1));
    setChosen(keep);
    setBid({ face, count: keep ? Math.max(bid.count, least(face)) : least(face) });
  }
  function spin(event: KeyboardEvent): void {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    if (active) step(by);
  }

  useEffect(() => {
    if (!active) return;
    const key = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^[1-6]$/.test(event.key)) take(Number(event.key));
      else if (event.key === '+' || event.key === '-') step(event.key === '+' ? 1 : -1);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });

  return (
    <fieldset class={`composer ${active ? '' : 'is-waiting'}`} disabled={!active} data-testid="composer">
      <legend class="unseen">Your bid. Keys: 1 to 6 for the face, plus and minus for the count.</legend>
      {bid && (
        <>
          <div class="composer-count">
            <button
              type="button"
              class="button stepper"
              aria-label="One die less"
              data-testid="bid-less"
              disabled={!active}
              aria-disabled={bid.count <= least(bid.face)}
              onClick={() => step(-1)}
            >
              −
            </button>
            <span
              class="composer-number"
              role="spinbutton"
              tabIndex={active ? 0 : -1}
              data-testid="bid-count"
              aria-label="Number of dice"
              aria-disabled={!active}
              aria-valuemin={least(bid.face)}
              aria-valuemax={total}
              aria-valuenow={bid.count}
              aria-valuetext={describeBid(bid)}
              onKeyDown={spin}
            >
              {bid.count}
            </span>
            <button
              type="button"
              class="button stepper"
              aria-label="One die more"
              data-testid="bid-more"
              disabled={!active}
              aria-disabled={bid.count >= total}
              onClick={() => step(1)}
            >
              +
            </button>
          </div>
          <div class="composer-faces" role="group" aria-label="Face">
            {faces.map(face => (
              <button
                key={face}
                type="button"
                class="face"
                aria-pressed={face === bid.face}
                aria-label={faceName(face)}
                data-testid={`bid-face-${face}`}
                disabled={!active || least(face) > total}
                onClick={() => take(face)}
              >
                <Die face={face} />
              </button>
            ))}
          </div>
        </>
      )}
      <div class="composer-deeds">
        {bid && (
          <button type="button" class="button is-primary composer-bid" data-testid="bid" onClick={() => onBid(bid)}>
            Bid{' '}
            <span class="composer-what" aria-hidden="true">
              {bid.count} × <Die face={bid.face} />
            </span>
            <span class="unseen">{describeBid(bid)}</span>
          </button>
        )}
        <button
          type="button"
          class="button is-danger"
          data-testid="challenge"
          disabled={!active || !over}
          onClick={onChallenge}
        >
          Liar!
        </button>
      </div>
    </fieldset>
  );
}
