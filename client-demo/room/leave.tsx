import { useRef, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { takeFocus } from '../common/focus.ts';
import { replaceRoute } from '../session/route.ts';
import type { Visit } from '../session/visit.ts';

/** Gives up the seat. During a match it asks for confirmation, because that loses it. */
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
  /** Returns the focus when the question is dismissed. */
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
