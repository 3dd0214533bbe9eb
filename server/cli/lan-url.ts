import { networkInterfaces } from 'node:os';

/** URL under which other machines of the network reach a port of this one; null without a network. */
export function lanUrl(port: number): string | null {
  const address = Object.values(networkInterfaces())
    .flat()
    .find(a => a && a.family === 'IPv4' && !a.internal)?.address;
  return address === undefined ? null : `http://${address}:${port}`;
}
