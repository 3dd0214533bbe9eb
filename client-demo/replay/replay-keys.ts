import { useEffect } from 'preact/hooks';
import type { ReplayPlayer } from './replay-player.ts';

/** Steps of PageUp and PageDown on the slider. */
const largeStep = 10;

/** Space, arrows, Home and End control the replay, unless the focused element uses them. */
export function useReplayKeys(player: ReplayPlayer): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      const slider = target?.matches('input[type=range]') ?? false;
      if (!slider && target?.closest('input, textarea, select')) return;
      const deed = commandForKey(event.key, slider, target?.closest('button, a') !== null && !slider);
      if (!deed) return;
      event.preventDefault(); // keys must not scroll the page, nor move the slider by its own steps
      deed(player);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [player]);
}

function commandForKey(key: string, slider: boolean, button: boolean): ((player: ReplayPlayer) => void) | null {
  switch (key) {
    case ' ':
      return button ? null : player => player.toggle();
    case 'ArrowLeft':
      return player => player.step(-1);
    case 'ArrowRight':
      return player => player.step(1);
    case 'Home':
      return ends(player => player.seek(0));
    case 'End':
      return ends(player => player.seek(player.track.end));
  }
  if (!slider) return null;
  switch (key) {
    case 'ArrowUp':
      return player => player.step(1);
    case 'ArrowDown':
      return player => player.step(-1);
    case 'PageUp':
      return player => player.step(largeStep);
    case 'PageDown':
      return player => player.step(-largeStep);
    default:
      return null;
  }
}

const ends =
  (go: (player: ReplayPlayer) => void) =>
  (player: ReplayPlayer): void => {
    player.pause();
    go(player);
  };
