import { shared } from '../common/storage.ts';

const key = 'rejoin.control';

/**
 * Takes the control's token out of the address, where the link that the launcher printed has put it, and keeps it for
 * all windows of this browser. It is not left in the address: that is copied and shown.
 */
export function takeControlToken(): void {
  const token = /^#\/control\/([\w-]{43})$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  shared.setItem(key, token);
  history.replaceState(null, '', `${location.pathname}${location.search}#/`);
}

export const controlToken = (): string | null => shared.getItem(key);
/** The token is of a cluster that ran before. */
export function forgetControlToken(): void {
  shared.removeItem(key);
}
