/**
 * Goes through a finished match, back and forth, as through a room that one watches. Apart from `rejoin/client`, so
 * that who has no use for it does not load it.
 * @module rejoin/replay
 */
export { replayRoom, ReplayRoom, type ReplayOptions, type Scanned } from './replay-room.ts';
