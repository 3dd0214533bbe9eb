import type { MessagePort } from 'node:worker_threads';

/** Appended to the URLs of a fresh import, so that Node does not take modules of an earlier one for the same. */
export const freshQuery = 'rejoin-load';

type Resolve = (
  specifier: string,
  context: { parentURL?: string | undefined },
  next: (specifier: string, context: object) => Promise<{ url: string }>,
) => Promise<{ url: string }>;

/** Where the URLs of imported files are sent. Node loads this module once, on a thread of its own. */
const ports: MessagePort[] = [];

/** Called by Node on the thread of the module hooks. */
export function initialize(data: { port: MessagePort }): void {
  ports.push(data.port);
}

/** Passes the mark of a fresh import on to what the module imports, except to installed packages. */
export const resolve: Resolve = async (specifier, context, next) => {
  const found = await next(specifier, context);
  const load = markOf(context.parentURL) ?? markOf(specifier);
  if (load === null || !found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found;
  for (const port of ports) port.postMessage(found.url);
  if (markOf(found.url) !== null) return found;
  const url = new URL(found.url);
  url.searchParams.set(freshQuery, load);
  return { ...found, url: url.href };
};

function markOf(url: string | undefined): string | null {
  return url?.includes(`${freshQuery}=`) && URL.canParse(url) ? new URL(url).searchParams.get(freshQuery) : null;
}
