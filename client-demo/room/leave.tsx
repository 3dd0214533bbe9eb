import { useRef, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { takeFocus } from '../common/focus.ts';
import { replaceRoute } from '../session/route.ts';
import type { Visit } from '../session/visit.ts';

/** Gives the seat up. In mid-match that loses it, so it asks once more. */
export function Leave({ visit, room }: { visit: Visit; room: Room }) {
  const [asking, setAsking] = useState(false);
  const stays = useRef(false);
  const loses = room.info.phase === 'playing' && room.seat !== null;

  function leave(): void {
    void visit.leave();
    replaceRoute({ page: 'home' });
  }

  function stay(): void {
    stays.current = true;
    setAsking(false);
  }
  /** Whoever stays is where they were. */
  function back(button: HTMLButtonElement | null): void {
    if (stays.current) button?.focus();
    stays.current = false;
  }

  if (!asking || !loses)
    return (
      <button type="button" class="button is-small" ref={back} onClick={() => (loses ? setAsking(true) : leave())}>
        Leave
      </button>
    );
  return (
    <span class="leave-ask" role="group" aria-label="Give the match up?">
      <button type="button" class="button is-small is-danger" onClick={leave}>
        Give up
      </button>
      <button type="button" class="button is-small" onClick={stay} ref={takeFocus}>
        Stay
      </button>
    </span>
  );
}
