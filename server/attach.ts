import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import express from 'express';
import { limits } from '../shared/limits.ts';
import type { Attachment, SocketIoServer } from './gateway/socket-server.ts';

/** The parts of an Express app that are used here. */
export type ExpressApp = RequestListener & {
  /** Mounts a handler under a path. */
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
 * Resolves the http server or Socket.IO server that a server is attached to. `own`: an http server created here, which
 * is also closed here; one that was passed in is not.
 * @throws TypeError when the options contradict each other
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
    // Socket.IO hides its own requests from listeners that exist now; later listeners would answer them, too.
    if (app && http.listenerCount('request') === 0) http.on('request', app);
    if (http.listenerCount('request') === 0)
      throw new TypeError('http: it has no listener for requests yet; give it the app first, or give the app here');
    return { attachment: { http, keep: true, namespace: namespaceName, path }, own: null };
  }
  // An unfinished request occupies a connection; Node's default timeouts are minutes.
  const own = createHttpServer(
    { headersTimeout: 8_000, requestTimeout: 12_000, connectionsCheckingInterval: 2_000 },
    app ?? (path === '' ? routes : underPath(path, routes)),
  );
  own.maxConnections = limits.sockets + 2_000;
  return { attachment: { http: own, namespace: namespaceName, path }, own };
}

/**
 * Mounts all routes under a path. The path without a trailing slash is redirected, because the page's files are
 * relative to it.
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
