import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * For the heading of a screen: when `scene` is another and what had the focus is gone with the last one, the heading
 * gets it. So whoever goes by keyboard, or listens, goes on from where the new screen begins. It is a heading and no
 * button: a key that is still being hammered in a game presses nothing.
 */
export function useHeadingFocus(scene: unknown): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Before the first touch nobody has lost anything.
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
