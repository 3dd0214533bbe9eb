import { connect, RoomError, type Client, type Room } from 'rejoin/client';
import { gameContract } from '../game/contract.ts';

/** A room of this game: its state, the player's seat, and the actions. */
export type Table = Room<typeof gameContract.def>;

// A module that is edited is evaluated again: the client stays the same.
const kept: { client?: Client } = import.meta.hot?.data ?? {};

/** Keeps the name, and the token that identifies the player. While developing, each tab is a player of its own. */
const storage = import.meta.env.DEV ? sessionStorage : localStorage;
export const storedName = (): string => storage.getItem('name') ?? '';
if (storedName() === '') storage.setItem('name', `Guest ${100 + Math.floor(Math.random() * 900)}`);

/** The connection of this page. It reconnects by itself. */
export const client = (kept.client ??= connect(location.origin, { name: storedName(), storage }));

/** Changes the player's name, now and for the next visit. */
export function rename(name: string): void {
  storage.setItem('name', name);
  client.rename(name).catch(() => {}); // refused or closed: the status says so
}

export type Way = 'anyone' | 'friend' | 'bot' | { code: string };

/** The code in the page's address: a reload or a shared link leads to the same table. */
export const codeInAddress = (): string | null => location.hash.slice(1).trim().toUpperCase() || null;
export const linkTo = (table: Table): string => `${location.origin}${location.pathname}#${table.code}`;

/** Goes to a table. @throws RoomError that says why not, and what the player can do */
export async function enter(way: Way): Promise<Table> {
  const table = await find(way);
  history.replaceState(null, '', `#${table.code}`);
  return table;
}

async function find(way: Way): Promise<Table> {
  if (way === 'anyone') return client.quick(gameContract);
  if (way === 'friend') return client.create(gameContract, { private: true });
  if (way === 'bot') {
    const table = await client.create(gameContract, { private: true, bots: 1 });
    void table.ready(); // refused by games that start by themselves
    return table;
  }
  try {
    return await client.join(gameContract, way);
  } catch (error) {
    if (error instanceof RoomError && error.now === 'watch') return client.watch(gameContract, way);
    throw error;
  }
}

/** Gives the seat up and goes back to the first screen. */
export function leave(table: Table): void {
  history.replaceState(null, '', location.pathname);
  void table.leave();
}

/** Why a table was not entered, for the player. */
export const whyNot = (error: unknown): string => (error instanceof RoomError ? error.why : 'That did not work.');
