import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * For a screen's heading: it gets the focus when the scene changes and the focused element is gone, so that keyboard
 * and screen reader users continue at the new screen. A heading, because a key still pressed in a game must not trigger
 * a button.
 */
export function useHeadingFocus(scene: unknown): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Before the first interaction no focus was lost.
    const touched =
      (navigator as { userActivation?: { hasBeenActive: boolean } }).userActivation?.hasBeenActive ?? true;
    if (touched && isFocusLost()) heading.current?.focus({ preventScroll: true });
  }, [scene]);
  return heading;
}

/** Nothing has the focus. */
const isFocusLost = (): boolean => document.activeElement === null || document.activeElement === document.body;

/**
 * For a part of a screen whose buttons come and go: when the one that had the focus has gone, or rests, the first that
 * fits `next` gets it.
 * @param when looked at whenever this is another
 */
export function useFocusHandover(part: RefObject<HTMLElement | null>, next: string, when: unknown): void {
  const inside = useRef(false);
  useEffect(() => {
    const moved = (event: FocusEvent) => {
      inside.current = part.current?.contains(event.target as Node) ?? false;
    };
    document.addEventListener('focusin', moved);
    return () => document.removeEventListener('focusin', moved);
  }, [part]);
  useEffect(() => {
    if (inside.current && isFocusLost()) part.current?.querySelector<HTMLElement>(next)?.focus();
  }, [when]);
}

/**
 * As the `ref` of what is to have the focus once it is there. Always the same function: a new one would be called with
 * each change of the screen, and take the focus back.
 */
export const takeFocus = (element: HTMLElement | null): void => element?.focus();
