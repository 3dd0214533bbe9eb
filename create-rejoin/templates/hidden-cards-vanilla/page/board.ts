import { isRed, nameOf, playableOf, rankOf, suitOf, suits, type Card } from '../game/cards.ts';
import { h, setText } from './dom.ts';
import type { Table } from './session.ts';
import { trumpText } from './words.ts';

export function createBoard(table: Table, onRefused: (code: string) => void): { element: HTMLElement; stop(): void } {
  const trump = h('p', { className: 'trump' });
  const trick = h('ul', { className: 'trick' });
  const hand = h('div', { className: 'hand' });
  const element = h('div', { className: 'felt' }, trump, trick, hand);

  async function play(card: Card): Promise<void> {
    const result = await table.act.play({ card });
    if (!result.ok) onRefused(result.code);
  }

  function draw(): void {
    const { state, info, seat } = table;
    setText(trump, trumpText(table));
    trump.hidden = state === null;
    // The trick before stays until the next card is played.
    const cards = state?.trick.length ? state.trick : (state?.previous?.cards ?? []);
    const winner = state?.trick.length ? null : (state?.previous?.winner ?? null);
    trick.className = winner === null ? 'trick' : 'trick is-over';
    trick.replaceChildren(
      ...cards.map(played =>
        h(
          'li',
          { className: played.seat === winner ? 'is-best' : '' },
          h('div', { className: faceClass(played.card) }, ...face(played.card)),
          h('span', {}, played.seat === seat ? 'You' : (info.seats[played.seat]?.name ?? '')),
        ),
      ),
    );
    const isYours = info.phase === 'playing' && state?.turn === seat;
    const playable = isYours ? playableOf(state.hand, state.trick[0]?.card) : [];
    hand.className = isYours ? 'hand' : 'hand is-waiting';
    hand.replaceChildren(
      ...(state?.hand ?? []).map(card =>
        h(
          'button',
          {
            className: faceClass(card),
            ariaLabel: nameOf(card),
            disabled: !playable.includes(card),
            onclick: () => void play(card),
          },
          ...face(card),
        ),
      ),
    );
  }

  // Only when the game has changed, not when somebody connects: the cards would be dealt again.
  let shown = '';
  function drawIfChanged(): void {
    const now = JSON.stringify([table.state, table.info.phase]);
    if (now === shown) return;
    shown = now;
    draw();
  }

  drawIfChanged();
  return { element, stop: table.onChange(drawIfChanged) };
}

const faceClass = (card: Card): string => (isRed(card) ? 'card is-red' : 'card');
const face = (card: Card): HTMLElement[] => [h('b', {}, rankOf(card)), h('span', {}, suits[suitOf(card)]!)];
