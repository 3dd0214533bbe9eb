import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import express from 'express';
import { limits } from '../shared/limits.ts';
import type { Attachment, SocketIoServer } from './gateway/gateway.ts';

/** An express app, as far as it is used here. */
export type ExpressApp = RequestListener & {
  /** Puts a handler under a path. */
  use(path: string, handler: RequestListener): unknown;
};

export interface AttachOptions {
  io?: SocketIoServer;
  http?: HttpServer;
  app?: ExpressApp;
  namespace?: string;
  routesAt?: string | null;
  path?: string | undefined;
}

/**
 * The ground a server stands on: whose Socket.IO, whose http server, whose app. `own` is the http server that was made
 * here, and is listened with and closed; what was given is neither.
 * @throws TypeError that says which options contradict each other
 */
export function resolveAttachment(
  { io, http, app, namespace, path: givenPath = '', routesAt }: AttachOptions,
  routes: RequestListener,
): { attachment: Attachment; own: HttpServer | null } {
  if (io && http) throw new TypeError('io or http: a Socket.IO server that is there already has its http server');
  const namespaceName = namespace ?? (io ? '/rejoin' : '/');
  if (!/^\/[\w-]*$/.test(namespaceName))
    throw new TypeError(`namespace: '${namespaceName}' must be a slash and a name`);
  if (io && namespaceName === '/')
    throw new TypeError("namespace: '/' is the Socket.IO server's own; Rejoin needs one for itself");
  const path = givenPath.replace(/\/$/, '');
  if (!/^(\/[\w.~-]+)*$/.test(path))
    throw new TypeError(`path: '${givenPath}' must be a path that begins with a slash`);
  if (io && path !== '') throw new TypeError('path: the Socket.IO server has its own; give clients that one');
  if (app && routesAt !== null) app.use(routesAt ?? `${path}/rejoin`, routes);
  if (io) return { attachment: { io, namespace: namespaceName }, own: null };
  if (http) {
    // Socket.IO keeps its own requests from the listeners it finds; those that come later would answer them, too.
    if (app && http.listenerCount('request') === 0) http.on('request', app);
    if (http.listenerCount('request') === 0)
      throw new TypeError('http: it has no listener for requests yet; give it the app first, or give the app here');
    return { attachment: { http, keep: true, namespace: namespaceName, path }, own: null };
  }
  // Who begins a request and does not end it holds a connection: not for minutes, which is the default.
  const own = createHttpServer(
    { headersTimeout: 8_000, requestTimeout: 12_000, connectionsCheckingInterval: 2_000 },
    app ?? (path === '' ? routes : underPath(path, routes)),
  );
  own.maxConnections = limits.sockets + 2_000;
  return { attachment: { http: own, namespace: namespaceName, path }, own };
}

/**
 * All routes under a path. Without its last slash the path is redirected: the page's own files are found relative to
 * it.
 */
function underPath(path: string, routes: RequestListener): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.use(path, (req, res) => {
    const [asked, query] = req.originalUrl.split('?');
    if (asked === path) res.redirect(308, `${path}/${query === undefined ? '' : `?${query}`}`);
    else routes(req, res);
  });
  app.use((_req, res) => {
    res.status(404).json({ error: 'not-found' });
  });
  return app;
}
