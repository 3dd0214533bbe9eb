import { useChanges } from 'rejoin/react';
import { isRed, nameOf, playableOf, rankOf, suitOf, suits, type Card } from '../game/cards.ts';
import type { Table } from './session.ts';
import { trumpText } from './words.ts';

export function Board({ table, onRefused }: { table: Table; onRefused(code: string): void }) {
  useChanges(table);
  const { state, info, seat } = table;
  if (!state) return <div className="felt" />;
  // The trick before stays until the next card is played.
  const cards = state.trick.length > 0 ? state.trick : (state.previous?.cards ?? []);
  const winner = state.trick.length > 0 ? null : (state.previous?.winner ?? null);
  const isYours = info.phase === 'playing' && state.turn === seat;
  const playable = isYours ? playableOf(state.hand, state.trick[0]?.card) : [];

  async function play(card: Card): Promise<void> {
    const result = await table.act.play({ card });
    if (!result.ok) onRefused(result.code);
  }

  return (
    <div className="felt">
      <p className="trump">{trumpText(table)}</p>
      <ul className={winner === null ? 'trick' : 'trick is-over'}>
        {cards.map(played => (
          <li key={played.card} className={played.seat === winner ? 'is-best' : ''}>
            <div className={faceClass(played.card)}>
              <Face card={played.card} />
            </div>
            <span>{played.seat === seat ? 'You' : info.seats[played.seat]?.name}</span>
          </li>
        ))}
      </ul>
      <div className={isYours ? 'hand' : 'hand is-waiting'}>
        {state.hand.map(card => (
          <button
            key={card}
            className={faceClass(card)}
            aria-label={nameOf(card)}
            disabled={!playable.includes(card)}
            onClick={() => void play(card)}
          >
            <Face card={card} />
          </button>
        ))}
      </div>
    </div>
  );
}

const faceClass = (card: Card): string => (isRed(card) ? 'card is-red' : 'card');

function Face({ card }: { card: Card }) {
  return (
    <>
      <b>{rankOf(card)}</b>
      <span>{suits[suitOf(card)]}</span>
    </>
  );
}
