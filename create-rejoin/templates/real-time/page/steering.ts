import type { Steer } from '../game/contract.ts';

const keys: Readonly<Record<string, Steer>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  KeyA: { x: -1, y: 0 },
  KeyD: { x: 1, y: 0 },
  KeyW: { x: 0, y: -1 },
  KeyS: { x: 0, y: 1 },
};
/** Pixels of a drag to full speed. */
const reach = 50;

/**
 * Turns keys and drags into a direction. Reports changes; reports zero when the page loses focus.
 * @returns a function that stops it
 */
export function readSteering(pad: HTMLElement, report: (steer: Steer) => void): () => void {
  const pressed = new Set<string>();
  let drag: { id: number; x: number; y: number } | null = null;
  let last: Steer = { x: 0, y: 0 };
  const stop = new AbortController();
  const { signal } = stop;

  function set(x: number, y: number): void {
    const length = Math.max(1, Math.hypot(x, y));
    // In steps of 10: a finger is never still, and each change is sent.
    const steer = { x: Math.round((x / length) * 10) * 10, y: Math.round((y / length) * 10) * 10 };
    if (steer.x === last.x && steer.y === last.y) return;
    last = steer;
    report(steer);
  }
  function setByKeys(): void {
    const held = [...pressed].map(code => keys[code]!);
    set(
      held.reduce((sum, { x }) => sum + x, 0),
      held.reduce((sum, { y }) => sum + y, 0),
    );
  }
  function release(): void {
    pressed.clear();
    drag = null;
    set(0, 0);
  }

  addEventListener(
    'keydown',
    event => {
      if (!(event.code in keys) || event.target instanceof HTMLInputElement) return;
      event.preventDefault(); // the page would scroll
      pressed.add(event.code);
      setByKeys();
    },
    { signal },
  );
  addEventListener('keyup', event => pressed.delete(event.code) && setByKeys(), { signal });
  addEventListener('blur', release, { signal });
  pad.addEventListener(
    'pointerdown',
    event => {
      drag = { id: event.pointerId, x: event.clientX, y: event.clientY };
      pad.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  pad.addEventListener(
    'pointermove',
    event => {
      if (drag?.id === event.pointerId) set((event.clientX - drag.x) / reach, (event.clientY - drag.y) / reach);
    },
    { signal },
  );
  for (const type of ['pointerup', 'pointercancel'] as const) pad.addEventListener(type, release, { signal });
  return () => stop.abort();
}
