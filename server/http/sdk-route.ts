import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import express, { type Router } from 'express';
import { packageRoot } from '../runtime/package-root.ts';

/** File name of the client bundle for pages without a bundler, also used in URLs. */
export const sdkFile = 'rejoin.min.js';
/** Its folder in the repository. */
export const sdkFolder = join(packageRoot, 'dist/sdk');
const sdkFolders = [sdkFolder, join(packageRoot, 'dist/lib')];

interface SdkFile {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly entityTag: string;
}

/**
 * Serves the client bundle and its source map. The file is public: a page of any origin may load it, and the handshake
 * decides whether the page may connect. It is revalidated on each load, so that pages use the version of the running
 * servers, also after an upgrade.
 */
export function createSdkRouter(): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const filesByName = new Map<string, Promise<SdkFile>>();
  for (const name of [sdkFile, `${sdkFile}.map`]) {
    router.get(`/${name}`, async (req, res, next) => {
      const folder = sdkFolders.find(place => existsSync(join(place, name)));
      if (!filesByName.has(name) && folder === undefined) return next(); // not built
      if (!filesByName.has(name)) filesByName.set(name, loadFile(join(folder!, name)));
      const { plain, gzipped, entityTag } = await filesByName.get(name)!;
      const pack = req.acceptsEncodings('gzip', 'identity') === 'gzip';
      res.set({
        'cache-control': 'public, no-cache',
        etag: entityTag,
        vary: 'accept-encoding',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'x-content-type-options': 'nosniff',
        ...(pack ? { 'content-encoding': 'gzip' } : {}),
      });
      res.type(name.endsWith('.map') ? 'json' : 'text/javascript').send(pack ? gzipped : plain);
    });
  }
  return router;
}

/** Read and compressed once. The entity tag is derived from the content, so it is the same on all nodes. */
async function loadFile(file: string): Promise<SdkFile> {
  const plain = await readFile(file);
  return {
    plain,
    gzipped: await promisify(gzip)(plain, { level: 9 }),
    entityTag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
  };
}
