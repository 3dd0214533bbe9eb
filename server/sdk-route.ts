import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import express, { type Router } from 'express';
import { root } from './root.ts';

/** The client for pages without a bundler, as a file and in urls. */
export const sdkFile = 'rejoin.min.js';
/** Where it lies in the repository. */
export const sdkFolder = join(root, 'dist/sdk');
const folders = [sdkFolder, join(root, 'dist/lib')];

interface Kept { readonly plain: Buffer; readonly packed: Buffer; readonly tag: string }

/**
 * Serves the client to pages without a bundler, and its source map. It is public, so a page of any origin may load it; whether
 * that page may connect is decided at the handshake. Asked for again each time, and answered in a few bytes where nothing has changed:
 * a page has the client of the servers that run now, also after they were rolled out anew.
 */
export function sdkRoute(): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const kept = new Map<string, Promise<Kept>>();
  for (const name of [sdkFile, `${sdkFile}.map`]) {
    router.get(`/${name}`, async (req, res, next) => {
      const folder = folders.find(place => existsSync(join(place, name)));
      if (!kept.has(name) && folder === undefined) return next(); // not built
      if (!kept.has(name)) kept.set(name, keep(join(folder!, name)));
      const { plain, packed, tag } = await kept.get(name)!;
      const pack = req.acceptsEncodings('gzip', 'identity') === 'gzip';
      res.set({
        'cache-control': 'public, no-cache', etag: tag, vary: 'accept-encoding', 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'x-content-type-options': 'nosniff',
        ...(pack ? { 'content-encoding': 'gzip' } : {}),
      });
      res.type(name.endsWith('.map') ? 'json' : 'text/javascript').send(pack ? packed : plain);
    });
  }
  return router;
}

/** Read and packed once. Its tag is the same on all nodes that have the same file. */
async function keep(file: string): Promise<Kept> {
  const plain = await readFile(file);
  return { plain, packed: await promisify(gzip)(plain, { level: 9 }), tag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"` };
}
