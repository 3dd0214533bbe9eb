import { useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useCell } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';
import { emotesOf, emoteCooldownMs, emoteText, type Emotes } from './emotes.ts';

/** Buttons that send an emote to the others. Emotes are not stored. */
export function EmoteBar({ room, emotes }: { room: Room; emotes: Emotes }) {
  const [resting, setResting] = useState(false);
  const known = emotesOf(gameOf(room).contract.def);
  if (room.seat === null || known.length === 0) return null;

  function say(emote: string): void {
    if (resting) return;
    emotes.send(emote);
    setResting(true);
    setTimeout(() => setResting(false), emoteCooldownMs);
  }

  return (
    <div class={`emotes ${resting ? 'is-resting' : ''}`} role="group" aria-label="Say something">
      {known.map(emote => (
        <button
          key={emote}
          type="button"
          class="emote"
          aria-disabled={resting}
          data-testid={`emote-${emote}`}
          onClick={() => say(emote)}
        >
          {emoteText(emote)}
        </button>
      ))}
    </div>
  );
}

/** The current emote of a seat. */
export function SeatBubble({ emotes, seat }: { emotes: Emotes; seat: number }) {
  const bubble = useCell(emotes.bubbles).get(seat);
  return bubble ? (
    <span class="bubble" key={bubble.id} data-testid={`bubble-${seat}`} aria-hidden="true">
      {bubble.text}
    </span>
  ) : null;
}

/** The same for screen readers. */
export function EmoteAnnouncer({ room, emotes }: { room: Room; emotes: Emotes }) {
  const said = [...useCell(emotes.bubbles)]
    .filter(([seat]) => seat !== room.seat)
    .map(([seat, { text }]) => `${room.players[seat]?.name ?? 'Somebody'}: ${text}`)
    .join(' ');
  return (
    <p class="unseen" role="log" aria-live="polite">
      {said}
    </p>
  );
}
