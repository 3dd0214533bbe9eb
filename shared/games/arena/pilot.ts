import type { Pilot } from './contract.ts';
import { hz } from './ground.ts';

export const dashTicks = 8;
export const dashCooldownTicks = 40;
export const stunTicks = 11;
export const fallTicks = 2 * hz;
export const safeTicks = 30;

export const isInPlay = (pilot: Pilot): boolean => !pilot.gone && pilot.back === 0;
/** A dashing craft knocks away each craft that it hits. */
export const isDashing = (pilot: Pilot, tick: number): boolean => tick < pilot.dashed + dashTicks;
export const canDash = (pilot: Pilot, tick: number): boolean => tick >= pilot.dashed + dashCooldownTicks;
