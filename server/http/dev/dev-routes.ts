import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Router } from 'express';
import type { DevRoomReply, GamesReply, RerunReport } from '../../../shared/dev-protocol.ts';
import { isId } from '../../../shared/ids.ts';
import type { JsonObject } from '../../../shared/json.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import type { Attachment } from '../../gateway/socket-server.ts';
import type { RejoinNode } from '../../node/node.ts';
import { packageRoot } from '../../runtime/package-root.ts';
import type { RoomDumpReply, RoomRerunReply } from '../../rooms/actor/messages.ts';
import { describeGame } from './describe-game.ts';
import { redactSessions } from './redact-sessions.ts';

export interface DevParts {
  node: RejoinNode;
  sockets: GamesReply['sockets'];
  guests: boolean;
  /** Whether this Host header belongs to the server. */
  isKnownHost(this: void, host: string | undefined): boolean;
}

/** Folders of the built page: in the repository, in the package. */
const pageFolderCandidates = ['dist/dev-page', 'dist/lib/dev-page'].map(path => join(packageRoot, path));

/** Routes of the dev page and its data. Only mounted in dev mode. */
export function createDevRouter({ node, sockets, guests }: DevParts): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  router.get('/games.json', (_req, res) => {
    res.json({ games: node.games.map(describeGame), sockets, guests } satisfies GamesReply);
  });
  router.get('/rooms/:id.json', async (req, res) => {
    const { id } = req.params;
    const since = Number(req.query.since ?? 0);
    const at = req.query.at === undefined ? null : Number(req.query.at);
    if (!isId(id) || ![since, at ?? 0].every(seq => Number.isSafeInteger(seq) && seq >= 0))
      return void res.status(404).json(makeRefusal('room-missing'));
    const reply = (await node.router.request(id, { k: 'dump', since, at })) as RoomDumpReply;
    if (!reply.ok) return void res.status(reply.code === 'room-missing' ? 404 : 503).json(reply);
    const entries = reply.entries.map(entry => ({ ...entry, changes: redactSessions(entry.changes as JsonObject) }));
    res.json({ ...reply, doc: redactSessions(reply.doc), entries, rules: node.rules.status } satisfies DevRoomReply);
  });
  router.get('/rooms/:id/rerun.json', async (req, res) => {
    const { id } = req.params;
    if (!isId(id)) return void res.status(404).json(makeRefusal('room-missing'));
    const reply = (await node.router.request(id, { k: 'rerun' })) as RoomRerunReply;
    if (!reply.ok) return void res.status(reply.code === 'room-missing' ? 404 : 503).json(reply);
    const { differs } = reply;
    const changes = differs && redactSessions(differs.changes as JsonObject);
    res.json({ ...reply, differs: differs && changes && { ...differs, changes } } satisfies RerunReport);
  });
  const folder = pageFolderCandidates.find(existsSync);
  if (folder !== undefined) router.use(express.static(folder, { cacheControl: false }));
  else
    router.get('/', (_req, res) => {
      res.status(404).type('text').send('The page is not built. Run npm run build.\n');
    });
  return router;
}

/** Namespace and path of the sockets on this attachment. */
export function socketEndpointOf(attachment: Attachment): GamesReply['sockets'] {
  const io = 'io' in attachment ? (attachment.io as { path?: () => unknown }) : {};
  const path = io.path?.();
  return {
    namespace: attachment.namespace ?? '/',
    path: typeof path === 'string' ? path : `${'path' in attachment ? (attachment.path ?? '') : ''}/socket.io`,
  };
}
