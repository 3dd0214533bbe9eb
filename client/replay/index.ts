/**
 * Shows a finished match as a room, in both directions. A separate entry, so that pages that do not use it do not load
 * it.
 * @module rejoin/replay
 */
export { replayRoom, ReplayRoom, type ReplayOptions, type Scanned } from './replay-room.ts';
