import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { isId } from '../../shared/ids.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import { mayUseCookies, type OriginPolicy } from '../gateway/origin-policy.ts';
import type { AddressReader } from '../identity/address.ts';
import { createDevRouter, type DevParts } from './dev/dev-routes.ts';
import { requireKnownHost } from './dev/known-hosts.ts';
import type { RejoinNode } from '../node/node.ts';
import { createOperatorRouter } from './operator-routes.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PageOptions } from './page-options.ts';
import { responseHeaders } from './response-headers.ts';
import { createSdkRouter } from './sdk-route.ts';
import type { ServerRooms } from '../node/server-rooms.ts';
import { TokenGuard } from './token-guard.ts';

export interface AppParts {
  node: RejoinNode;
  metrics: Metrics;
  page: PageOptions | null;
  clustered: boolean;
  dev: DevParts | null;
  addressOf: AddressReader;
  /** The token that /metrics requires; undefined: none. */
  metricsToken: string | undefined;
  operator: { rooms: ServerRooms; token: string } | null;
  /** Origins of pages that may connect, besides the server's own. */
  origins: readonly string[];
  originPolicy: OriginPolicy;
}

/** Creates the http app of a node: health, metrics, the room list, replays, and optionally a page. */
export function createApp(parts: AppParts): RequestListener {
  const { node, metrics, page } = parts;
  const app = express();
  app.disable('x-powered-by');
  // Strict, so that a path that a proxy blocks cannot be reached by another spelling.
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(responseHeaders(parts.origins));
  if (parts.dev) app.use(requireKnownHost(parts.dev.isKnownHost));
  app.get('/healthz', (_req, res) => {
    res.json({ ok: true, node: node.parts.name });
  });
  app.get('/readyz', (_req, res) => {
    res.status(node.isReady ? 200 : 503).json({ ready: node.isReady, draining: node.isDraining });
  });
  const guard = new TokenGuard({
    addressOf: parts.addressOf,
    allowances: node.clients.allowances,
    clock: node.parts.clock,
    log: node.parts.log,
    meter: metrics.meter,
  });
  if (parts.metricsToken !== undefined) app.use('/metrics', guard.middleware('/metrics', parts.metricsToken));
  // Concurrent requests share one read, because one of the metrics is read from the store.
  let pendingMetrics: Promise<string> | null = null;
  app.get('/metrics', async (_req, res) => {
    pendingMetrics ??= metrics.text().finally(() => {
      pendingMetrics = null;
    });
    res.type(metrics.contentType).send(await pendingMetrics);
  });
  if (parts.operator)
    app.use(
      '/operator',
      guard.middleware('/operator', parts.operator.token),
      createOperatorRouter(parts.operator.rooms),
    );
  app.use(limitByAddress('pages'));
  app.use(['/rooms.json', '/replays'], allowCrossOrigin);
  app.get('/rooms.json', limitByAddress('lists'), async (req, res) => {
    const reply = await node.lobby.list(typeof req.query.game === 'string' ? req.query.game : null);
    if (reply.ok) res.json({ rooms: reply.rooms });
    else res.status(503).json({ error: 'unavailable' });
  });
  app.get('/replays/:room/:match', limitByAddress('replays'), async (req, res) => {
    const match = Number(req.params.match);
    if (!isId(req.params.room) || !Number.isSafeInteger(match) || match < 1)
      return void res.status(404).json(makeRefusal('replay-missing'));
    const reply = await node.replays.read(req.params.room, match);
    res
      .status(reply.ok ? 200 : reply.code === 'unavailable' || reply.code === 'busy' ? 503 : 404)
      .set('cache-control', reply.ok ? 'private, max-age=3600' : 'no-store')
      .json(reply);
  });
  app.use('/replays', (_req, res) => {
    res.status(404).json(makeRefusal('replay-missing'));
  }); // an empty id or match number
  app.get('/config.json', (_req, res) => {
    res.set('cache-control', 'no-store').json({
      clustered: parts.clustered,
      controlPort: page?.controlPort ?? null,
      lan: page?.publicUrl ?? null,
      games: node.games.map(g => g.contract.name),
    });
  });
  app.use(createSdkRouter());
  const hasPage = page !== null && page.pageFolder !== null && existsSync(page.pageFolder);
  if (parts.dev) app.use('/dev', createDevRouter(parts.dev));
  if (parts.dev && page !== null && !hasPage) app.get('/', (_req, res) => res.redirect('dev/'));
  if (page !== null && page.pageFolder !== null && hasPage) {
    app.use(
      express.static(page.pageFolder, {
        index: 'index.html',
        setHeaders: (res, path) => {
          res.setHeader('cache-control', path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable');
        },
      }),
    );
  }
  app.use((_req, res) => {
    res.status(404).json({ error: 'not-found' });
  });
  app.use(handleError);
  return app;

  /** Adds CORS headers for pages of other origins that may connect. */
  function allowCrossOrigin(req: Request, res: Response, next: NextFunction): void {
    const { origin } = req.headers;
    const admission = origin === undefined ? null : parts.originPolicy.admit(req);
    if (admission !== null)
      res.set({
        'access-control-allow-origin': origin,
        ...(mayUseCookies(admission) ? { 'access-control-allow-credentials': 'true' } : {}),
      });
    res.vary('origin');
    next();
  }

  /** Rate limit by address for costly routes. */
  function limitByAddress(kind: 'lists' | 'replays' | 'pages') {
    return (req: Request, res: Response, next: NextFunction): void => {
      const address = parts.addressOf(req);
      const now = node.parts.clock.mono();
      const wait = address === null ? 0 : node.clients.allowances.address(address, now).take(kind, now);
      if (wait > 0)
        res
          .status(429)
          .set('retry-after', String(Math.ceil(wait / 1_000)))
          .json(makeRefusal('slow-down', undefined, wait));
      else next();
    };
  }

  /**
   * Replaces Express's default error handler, which responds with the stack trace and writes it to stderr. Express
   * recognizes error handlers by their four parameters.
   */
  function handleError(error: unknown, _req: Request, res: Response, next: NextFunction): void {
    const status = (error as { status?: unknown } | null)?.status;
    const isClientError = typeof status === 'number' && status >= 400 && status < 500;
    if (!isClientError) node.parts.log.error({ error }, 'http request failed');
    if (res.headersSent) return next(error);
    res.status(isClientError ? status : 500).json({ error: isClientError ? 'bad-request' : 'failed' });
  }
}
