/**
 * Everything a page needs, for pages without a bundler. `npm run build` bundles it with socket.io-client into one file,
 * which servers serve at `/rejoin.min.js`. With a bundler, import the entries one by one; that loads less.
 * @module rejoin/browser
 */
export * from '../../shared/index.ts';
export * from '../index.ts';
export * from '../predict/index.ts';
export * from '../replay/index.ts';
