/**
 * A room as a store with `subscribe`: for Svelte, and for any library that follows such stores.
 * @module rejoin/store
 */
export { roomStore, type RoomStore, type RoomValue } from './room-store.ts';
export type { Which } from './shared-rooms.ts';
