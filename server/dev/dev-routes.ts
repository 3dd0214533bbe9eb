import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Router } from 'express';
import type { GamesReply } from '../../shared/dev.ts';
import { isId } from '../../shared/ids.ts';
import type { JsonObject } from '../../shared/json.ts';
import { refused } from '../../shared/refusals.ts';
import type { Ground } from '../gateway/gateway.ts';
import type { RejoinNode } from '../node.ts';
import { root } from '../root.ts';
import type { LaidOpen } from '../rooms/messages.ts';
import { describeGame } from './describe.ts';
import { withoutSessions } from './without-sessions.ts';

export interface DevParts { node: RejoinNode; sockets: GamesReply['sockets']; guests: boolean; /** Whether the server is found by this Host. */ knowsHost(this: void, host: string | undefined): boolean }

/** Where the built page lies: in the repository, in the package. */
const pageFolders = ['dist/dev-page', 'dist/lib/dev-page'].map(path => join(root, path));

/** The page for authors, and what it reads. Nothing of it is there outside of dev mode. */
export function devRoutes({ node, sockets, guests }: DevParts): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const games = node.parts.games.map(describeGame);
  router.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  router.get('/games.json', (_req, res) => { res.json({ games, sockets, guests } satisfies GamesReply); });
  router.get('/rooms/:id.json', async (req, res) => {
    const { id } = req.params;
    const since = Number(req.query.since ?? 0);
    if (!isId(id) || !Number.isSafeInteger(since) || since < 0) return void res.status(404).json(refused('room-missing'));
    const reply = (await node.router.request(id, { k: 'lay-open', since })) as LaidOpen;
    if (!reply.ok) return void res.status(reply.code === 'room-missing' ? 404 : 503).json(reply);
    const entries = reply.entries.map(entry => ({ ...entry, changes: withoutSessions(entry.changes as JsonObject) }));
    res.json({ ...reply, doc: withoutSessions(reply.doc), entries });
  });
  const folder = pageFolders.find(existsSync);
  if (folder !== undefined) router.use(express.static(folder, { cacheControl: false }));
  else router.get('/', (_req, res) => { res.status(404).type('text').send('The page is not built: server/page.ts, buildDevPage().\n'); });
  return router;
}

/** Where clients find the sockets of a server that lives on this ground. */
export function socketsOf(ground: Ground): GamesReply['sockets'] {
  const io = 'io' in ground ? (ground.io as { path?: () => unknown }) : {};
  const path = io.path?.();
  return { namespace: ground.namespace ?? '/', path: typeof path === 'string' ? path : `${'path' in ground ? ground.path ?? '' : ''}/socket.io` };
}
