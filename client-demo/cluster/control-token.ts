import { shared } from '../common/storage.ts';

const key = 'rejoin.control';

/** Moves the control's token from the address to the browser's storage, because addresses are copied and shown. */
export function takeControlToken(): void {
  const token = /^#\/control\/([\w-]{43})$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  shared.setItem(key, token);
  history.replaceState(null, '', `${location.pathname}${location.search}#/`);
}

export const controlToken = (): string | null => shared.getItem(key);
/** Drops a token of an earlier cluster. */
export function forgetControlToken(): void {
  shared.removeItem(key);
}
