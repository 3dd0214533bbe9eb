/**
 * All that a page needs, for pages without a bundler: `npm run build` makes one file of it, with socket.io-client
 * inside, and a server serves that at `/rejoin.min.js`. Whoever bundles imports the entries one by one, and so loads
 * less.
 * @module rejoin/browser
 */
export * from '../../shared/index.ts';
export * from '../index.ts';
export * from '../predict/index.ts';
export * from '../replay/index.ts';
