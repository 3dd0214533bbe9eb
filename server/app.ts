import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import express, { type Router } from 'express';
import { isId } from '../shared/ids.ts';
import { refused } from '../shared/refusals.ts';
import { devRoutes, type DevParts } from './dev/dev-routes.ts';
import type { RejoinNode } from './node.ts';
import type { Metrics } from './ops/metrics.ts';
import type { PageOptions } from './page-options.ts';
import { StoreError } from './store/contract.ts';

export interface AppParts { node: RejoinNode; metrics: Metrics; page: PageOptions | null; clustered: boolean; dev: DevParts | null; operator: Router | null }

/** What a node serves besides sockets: health, metrics, the list of public rooms, and perhaps a page. */
export function createApp(parts: AppParts): RequestListener {
  const { node, metrics, page } = parts;
  const app = express();
  app.disable('x-powered-by');
  if (page?.trustProxy !== undefined) app.set('trust proxy', page.trustProxy);
  app.get('/healthz', (_req, res) => { res.json({ ok: true, node: node.parts.name }); });
  app.get('/readyz', (_req, res) => { res.status(node.ready ? 200 : 503).json({ ready: node.ready, draining: node.isDraining }); });
  app.get('/metrics', async (_req, res) => { res.type(metrics.contentType).send(await metrics.text()); });
  app.get('/rooms.json', async (req, res) => {
    const game = typeof req.query.game === 'string' ? req.query.game : null;
    try {
      res.json({ rooms: await node.parts.store.list(game, 100) });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      res.status(503).json({ error: 'unavailable' });
    }
  });
  app.get('/replays/:room/:match', async (req, res) => {
    const match = Number(req.params.match);
    if (!isId(req.params.room) || !Number.isSafeInteger(match) || match < 1) return void res.status(404).json(refused('replay-missing'));
    const reply = await node.replays.show(req.params.room, match);
    res.status(reply.ok ? 200 : reply.code === 'unavailable' ? 503 : 404).set('cache-control', reply.ok ? 'private, max-age=3600' : 'no-store').json(reply);
  });
  app.get('/config.json', (_req, res) => {
    res.set('cache-control', 'no-store').json({ clustered: parts.clustered, controlPort: page?.controlPort ?? null, lan: page?.publicUrl ?? null, games: node.parts.games.map(g => g.contract.name) });
  });
  if (parts.operator) app.use('/operator', parts.operator);
  if (parts.dev) app.use('/dev', devRoutes(parts.dev));
  if (page && page.pageFolder !== null && existsSync(page.pageFolder)) {
    app.use(express.static(page.pageFolder, { index: 'index.html', setHeaders: (res, path) => { res.setHeader('cache-control', path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable'); } }));
  }
  app.use((_req, res) => { res.status(404).json({ error: 'not-found' }); });
  return app;
}
