import { existsSync } from 'node:fs';
import express, { type Express } from 'express';
import type { RejoinNode } from './node.ts';
import type { Metrics } from './ops/metrics.ts';
import { StoreError } from './store/contract.ts';

export interface AppParts { node: RejoinNode; metrics: Metrics; pageFolder: string | null; controlPort: number | null; publicUrl: string | null; trustProxy: string | undefined; clustered: boolean }

/** What a node serves besides sockets: the page, health, metrics, and the list of public rooms. */
export function createApp(parts: AppParts): Express {
  const { node, metrics } = parts;
  const app = express();
  app.disable('x-powered-by');
  if (parts.trustProxy !== undefined) app.set('trust proxy', parts.trustProxy);
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
  app.get('/config.json', (_req, res) => {
    res.set('cache-control', 'no-store').json({ clustered: parts.clustered, controlPort: parts.controlPort, lan: parts.publicUrl, games: node.parts.games.map(g => g.contract.name) });
  });
  if (parts.pageFolder !== null && existsSync(parts.pageFolder)) {
    app.use(express.static(parts.pageFolder, { index: 'index.html', setHeaders: (res, path) => { res.setHeader('cache-control', path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable'); } }));
  }
  app.use((_req, res) => { res.status(404).json({ error: 'not-found' }); });
  return app;
}
