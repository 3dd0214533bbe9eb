/** What a client does when its page is hidden, shown, or online again. */
export interface PageHandlers {
  /** The page is shown, or the network is back: the connection may be lost unnoticed. */
  check(): void;
  /** The page is left. Browsers keep it for the back button only if it has no open connection. */
  hide(): void;
  /** The page is shown, possibly again by the back button. */
  show(): void;
}

/** Listens to the page, if there is one. @returns a function that ends it */
export function listenToPage({ check, hide, show }: PageHandlers): () => void {
  if (typeof document === 'undefined' || typeof addEventListener === 'undefined') return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('visibilitychange', check, { signal });
  addEventListener('online', check, { signal });
  addEventListener('pagehide', hide, { signal });
  addEventListener('pageshow', show, { signal });
  return () => stop.abort();
}
