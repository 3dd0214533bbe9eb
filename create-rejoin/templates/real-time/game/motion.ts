import { field, speed, type Runner, type Steer } from './contract.ts';

/** One tick of movement. The server runs it for all players; the page runs it ahead for its own player. */
export function move(runner: Runner, steer: Steer | null): void {
  if (!steer) return;
  const length = Math.max(100, Math.hypot(steer.x, steer.y));
  runner.x = within(runner.x + (steer.x / length) * speed);
  runner.y = within(runner.y + (steer.y / length) * speed);
}

const within = (value: number): number =>
  Math.round(Math.min(field.side - field.runner, Math.max(field.runner, value)));

export const touches = (runner: Runner, gem: { x: number; y: number }): boolean =>
  Math.hypot(runner.x - gem.x, runner.y - gem.y) < field.runner + field.gem;
