import { colors, isColor, type Color } from '../common/colors.ts';
import { suggestName, normalizePlayerName } from './names.ts';
import type { Route } from './route.ts';
import { own, shared, type PageStorage } from '../common/storage.ts';
import type { OtherWindow, Windows } from './windows.ts';

/**
 * The player of this window. A browser is one player, kept between visits. A second open window usually means an
 * opponent, and a player has only one seat, so it gets its own player.
 */
export type WindowPlayer = 'shared' | 'own';

export type Arrival =
  | { is: 'known'; player: WindowPlayer }
  /** The same table is open in another window: only the visitor knows who this one is meant to be. */
  | { is: 'open question'; twin: OtherWindow };

const windowKey = 'rejoin.player';
const nameKey = 'rejoin.name';
const colorKey = 'rejoin.colour';

export async function resolveWindowPlayer(windows: Windows, route: Route): Promise<Arrival> {
  const before = own.getItem(windowKey);
  if (before === 'shared' || before === 'own') return { is: 'known', player: before };
  const others = await windows.findOthers();
  const twin = others.find(
    ({ room }) =>
      room !== null &&
      ((route.page === 'room' && !route.watch && route.id === room.id) ||
        (route.page === 'code' && route.code.toUpperCase() === room.code)),
  );
  if (twin) return { is: 'open question', twin };
  return { is: 'known', player: others.some(other => other.player === 'shared') ? 'own' : 'shared' };
}

/** Remembers, across reloads, which player this window uses. */
export function rememberWindowPlayer(player: WindowPlayer): void {
  own.setItem(windowKey, player);
}

export const storageOf = (player: WindowPlayer): PageStorage => (player === 'shared' ? shared : own);

export function nameOf(player: WindowPlayer): string {
  const storage = storageOf(player);
  const known = normalizePlayerName(storage.getItem(nameKey) ?? '');
  if (known !== '') return known;
  const name = suggestName();
  storage.setItem(nameKey, name);
  return name;
}

/** The colour of before; a new guest gets one by chance. */
export function colorOf(player: WindowPlayer): Color {
  const storage = storageOf(player);
  const known = storage.getItem(colorKey);
  if (isColor(known)) return known;
  const colour = colors[Math.floor(Math.random() * colors.length)]!;
  storage.setItem(colorKey, colour);
  return colour;
}

export function saveColor(player: WindowPlayer, colour: Color): void {
  storageOf(player).setItem(colorKey, colour);
}

export function saveName(player: WindowPlayer, name: string): void {
  storageOf(player).setItem(nameKey, name);
}
