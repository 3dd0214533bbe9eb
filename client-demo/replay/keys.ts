import { useEffect } from 'preact/hooks';
import type { Player } from './player.ts';

/** How many steps PageUp and PageDown go, on the slider. */
const many = 10;

/** Space, arrows, Home and End, wherever one is on the page; where something else has them already, they are its own. */
export function useKeys(player: Player): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      const slider = target?.matches('input[type=range]') ?? false;
      if (!slider && target?.closest('input, textarea, select')) return;
      const deed = deedOf(event.key, slider, target?.closest('button, a') !== null && !slider);
      if (!deed) return;
      event.preventDefault(); // the page would scroll, and the slider go its own steps
      deed(player);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [player]);
}

function deedOf(key: string, slider: boolean, button: boolean): ((player: Player) => void) | null {
  switch (key) {
    case ' ': return button ? null : player => player.toggle();
    case 'ArrowLeft': return player => player.step(-1);
    case 'ArrowRight': return player => player.step(1);
    case 'Home': return ends(player => player.to(0));
    case 'End': return ends(player => player.to(player.track.end));
  }
  if (!slider) return null;
  switch (key) {
    case 'ArrowUp': return player => player.step(1);
    case 'ArrowDown': return player => player.step(-1);
    case 'PageUp': return player => player.step(many);
    case 'PageDown': return player => player.step(-many);
    default: return null;
  }
}

const ends = (go: (player: Player) => void) => (player: Player): void => {
  player.pause();
  go(player);
};
