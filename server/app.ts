import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { isId } from '../shared/ids.ts';
import { refused } from '../shared/refusals.ts';
import { mayUseCookies, type Origins } from './gateway/origins.ts';
import type { AddressOf } from './identity/address.ts';
import { devRoutes, type DevParts } from './dev/dev-routes.ts';
import { knownHosts } from './dev/known-hosts.ts';
import type { RejoinNode } from './node.ts';
import { operatorRoutes } from './operator-routes.ts';
import type { Metrics } from './ops/metrics.ts';
import type { PageOptions } from './page-options.ts';
import { responseHeaders } from './response-headers.ts';
import { sdkRoute } from './sdk-route.ts';
import type { ServerRooms } from './server-rooms.ts';
import { TokenGuard } from './token-guard.ts';

export interface AppParts { node: RejoinNode; metrics: Metrics; page: PageOptions | null; clustered: boolean; dev: DevParts | null; addressOf: AddressOf; /** Whoever reads /metrics has to show it; undefined: nobody has to. */ metricsToken: string | undefined; operator: { rooms: ServerRooms; token: string } | null; /** Of pages that may connect, besides the server's own. */ origins: readonly string[]; admits: Origins }

/** What a node serves besides sockets: health, metrics, the list of public rooms, and perhaps a page. */
export function createApp(parts: AppParts): RequestListener {
  const { node, metrics, page } = parts;
  const app = express();
  app.disable('x-powered-by');
  // A proxy that keeps a path from the public keeps that path, in these letters.
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(responseHeaders(parts.origins));
  if (parts.dev) app.use(knownHosts(parts.dev.knowsHost));
  app.get('/healthz', (_req, res) => { res.json({ ok: true, node: node.parts.name }); });
  app.get('/readyz', (_req, res) => { res.status(node.ready ? 200 : 503).json({ ready: node.ready, draining: node.isDraining }); });
  const guard = new TokenGuard({ addressOf: parts.addressOf, allowances: node.edge.allowances, clock: node.parts.clock, log: node.parts.log, meter: metrics.meter });
  if (parts.metricsToken !== undefined) app.use('/metrics', guard.for('/metrics', parts.metricsToken));
  // However many ask at once, the figures are read once: one of them is asked of the store.
  let figures: Promise<string> | null = null;
  app.get('/metrics', async (_req, res) => {
    figures ??= metrics.text().finally(() => { figures = null; });
    res.type(metrics.contentType).send(await figures);
  });
  if (parts.operator) app.use('/operator', guard.for('/operator', parts.operator.token), operatorRoutes(parts.operator.rooms));
  app.use(sparing('pages'));
  app.use(['/rooms.json', '/replays'], shown);
  app.get('/rooms.json', sparing('lists'), async (req, res) => {
    const reply = await node.lobby.list(typeof req.query.game === 'string' ? req.query.game : null);
    if (reply.ok) res.json({ rooms: reply.rooms });
    else res.status(503).json({ error: 'unavailable' });
  });
  app.get('/replays/:room/:match', sparing('replays'), async (req, res) => {
    const match = Number(req.params.match);
    if (!isId(req.params.room) || !Number.isSafeInteger(match) || match < 1) return void res.status(404).json(refused('replay-missing'));
    const reply = await node.replays.show(req.params.room, match);
    res.status(reply.ok ? 200 : reply.code === 'unavailable' || reply.code === 'busy' ? 503 : 404).set('cache-control', reply.ok ? 'private, max-age=3600' : 'no-store').json(reply);
  });
  app.use('/replays', (_req, res) => { res.status(404).json(refused('replay-missing')); }); // an empty id or match
  app.get('/config.json', (_req, res) => {
    res.set('cache-control', 'no-store').json({ clustered: parts.clustered, controlPort: page?.controlPort ?? null, lan: page?.publicUrl ?? null, games: node.parts.games.map(g => g.contract.name) });
  });
  app.use(sdkRoute());
  if (parts.dev) app.use('/dev', devRoutes(parts.dev));
  if (page && page.pageFolder !== null && existsSync(page.pageFolder)) {
    app.use(express.static(page.pageFolder, { index: 'index.html', setHeaders: (res, path) => { res.setHeader('cache-control', path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable'); } }));
  }
  app.use((_req, res) => { res.status(404).json({ error: 'not-found' }); });
  app.use(failed);
  return app;

  /** Lets a browser show the answer to a page of another origin that may connect. */
  function shown(req: Request, res: Response, next: NextFunction): void {
    const { origin } = req.headers;
    const admission = origin === undefined ? null : parts.admits.admit(req);
    if (admission !== null) res.set({ 'access-control-allow-origin': origin, ...(mayUseCookies(admission) ? { 'access-control-allow-credentials': 'true' } : {}) });
    res.vary('origin');
    next();
  }

  /** What costs something is for each address so often only. */
  function sparing(kind: 'lists' | 'replays' | 'pages') {
    return (req: Request, res: Response, next: NextFunction): void => {
      const address = parts.addressOf(req);
      const now = node.parts.clock.mono();
      const wait = address === null ? 0 : node.edge.allowances.address(address, now).take(kind, now);
      if (wait > 0) res.status(429).set('retry-after', String(Math.ceil(wait / 1_000))).json(refused('slow-down', undefined, wait));
      else next();
    };
  }

  /** Express would answer with the stack, and write it to stderr; with four arguments it takes this for what does instead. */
  function failed(error: unknown, _req: Request, res: Response, next: NextFunction): void {
    const status = (error as { status?: unknown } | null)?.status;
    const theirs = typeof status === 'number' && status >= 400 && status < 500;
    if (!theirs) node.parts.log.error({ error }, 'a request over HTTP failed');
    if (res.headersSent) return next(error);
    res.status(theirs ? status : 500).json({ error: theirs ? 'bad-request' : 'failed' });
  }
}
