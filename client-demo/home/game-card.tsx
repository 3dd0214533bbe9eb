import { useState } from 'preact/hooks';
import type { RoomRequest } from '../session/find-room.ts';
import type { TableGame } from '../games/common/table-game.ts';

interface GameCardProps {
  game: TableGame;
  /** How a table is being looked for, or null. */
  busy: RoomRequest['how'] | null;
  /** Whether the pressed button was this game's. */
  mine: boolean;
  onRequest(wish: RoomRequest): void;
}

/** A game, and three ways to start playing it. */
export function GameCard({ game, busy, mine, onRequest }: GameCardProps) {
  const { pitch, variants, bots, Picture } = game;
  const { name, def } = game.contract;
  const [chosen, setChosen] = useState(variants[0]!);
  const { options } = chosen;
  const label = (how: RoomRequest['how'], text: string, meanwhile: string) => (mine && busy === how ? meanwhile : text);
  return (
    <section class="game-card" aria-labelledby={`game-${name}`} data-testid={`game-${name}`}>
      <div class="game-picture">
        <Picture />
      </div>
      <div class="game-text">
        <h2 id={`game-${name}`}>{game.title}</h2>
        <p class="game-seats">{seatsInWords(def.seats)}</p>
        <p class="game-pitch">{pitch}</p>
      </div>
      <fieldset class="variants">
        <legend class="unseen">How to play {game.title}</legend>
        <div class="variants-row">
          {variants.map(variant => (
            <label key={variant.name} class="variant">
              <input
                type="radio"
                name={`variant-${name}`}
                checked={variant === chosen}
                onChange={() => setChosen(variant)}
                aria-label={`${variant.name}: ${variant.note}`}
              />
              <span>{variant.name}</span>
            </label>
          ))}
        </div>
        <p class="variant-note" aria-hidden="true">
          {chosen.note}
        </p>
      </fieldset>
      <div class="game-ways">
        <button
          type="button"
          class="button is-primary is-play"
          data-testid={`play-${name}`}
          aria-disabled={busy !== null}
          onClick={() => onRequest({ how: 'quick', game, options })}
        >
          {label('quick', 'Play', 'Finding a table…')}
          <span class="unseen"> {game.title}</span>
        </button>
        <button
          type="button"
          class="button"
          data-testid={`friends-${name}`}
          aria-disabled={busy !== null}
          onClick={() => onRequest({ how: 'private', game, options })}
        >
          {label('private', 'Play with friends', 'One moment…')}
          <span class="unseen">: {game.title}</span>
        </button>
        <button
          type="button"
          class="button"
          data-testid={`bots-${name}`}
          aria-disabled={busy !== null}
          onClick={() => onRequest({ how: 'bots', game, options, bots })}
        >
          {label('bots', bots === 1 ? 'Play against a bot' : 'Play against bots', 'One moment…')}
          <span class="unseen">: {game.title}</span>
        </button>
      </div>
    </section>
  );
}

const seatsInWords = ({ min, max }: { min: number; max: number }): string =>
  min === max ? `${min} players` : `${min}–${max} players`;
