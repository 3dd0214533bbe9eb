import { useEffect, useState } from 'preact/hooks';

/** The page's route. It is part of the address, so that links, reload and the back button work. */
export type Route =
  | { page: 'home' }
  | { page: 'room'; id: string; watch: boolean }
  /** A shared link. */
  | { page: 'code'; code: string }
  /** A finished match (1, 2, …) of a room; 0 where the address says none. */
  | { page: 'replay'; room: string; match: number };
/** Those that lead to a table. */
export type TableRoute = Extract<Route, { page: 'room' | 'code' }>;

/**
 * Whether connections name the room, as `npm run cluster -- --routing room` requires: the address then contains
 * `?by-room`.
 */
export function byRoom(): boolean | string {
  if (!new URLSearchParams(location.search).has('by-room')) return false;
  const route = readRoute();
  return route.page === 'room' ? route.id : true;
}

export function readRoute(hash: string = location.hash): Route {
  // However it is mangled, it is about a replay: that page says that there is none.
  const [, replayed, match] = /^#\/replay\/([^/]*)\/?(.*)$/.exec(hash) ?? [];
  if (replayed !== undefined)
    return { page: 'replay', room: replayed, match: /^[1-9][0-9]{0,8}$/.test(match ?? '') ? Number(match) : 0 };
  const [, page = 'home', value = ''] = /^#\/(room|watch|code)\/([A-Za-z0-9_-]{1,64})$/.exec(hash) ?? [];
  switch (page) {
    case 'room':
      return { page: 'room', id: value, watch: false };
    case 'watch':
      return { page: 'room', id: value, watch: true };
    case 'code':
      return { page: 'code', code: value };
    default:
      return { page: 'home' };
  }
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case 'home':
      return '#/';
    case 'room':
      return `#/${route.watch ? 'watch' : 'room'}/${route.id}`;
    case 'code':
      return `#/code/${route.code}`;
    case 'replay':
      return `#/replay/${route.room}/${route.match}`;
  }
}

export function go(route: Route): void {
  location.hash = hashOf(route);
}

/** Like go, but the back button does not lead here again. */
export function replaceRoute(route: Route): void {
  location.replace(hashOf(route));
}

/** The address to give to a friend. `origin`: where others reach this machine. */
export const linkTo = (route: Route, origin: string = location.origin): string =>
  `${origin}${location.pathname}${location.search}${hashOf(route)}`;

export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const changed = () => setRoute(readRoute());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** Under which path this server is hosted: where the page itself is. */
export const pathOfPage = (): string => new URL('.', location.href).pathname;
