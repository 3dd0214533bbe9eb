import { sdkSize } from './sdk-size.ts';

/** `npm run size`: how much of an app's page is the SDK. */
const { minified, gzipped, files } = await sdkSize();
process.stdout.write(`${files.filter(f => f.bytes > 0).map(f => `${String(f.bytes).padStart(7)}  ${f.name}`).join('\n')}\n${String(minified).padStart(7)}  minified, without socket.io-client\n${String(gzipped).padStart(7)}  and gzipped\n`);
