import { networkInterfaces } from 'node:os';

/** Where other machines of this network reach a port of this one; null where there is no network. */
export function lanUrl(port: number): string | null {
  const address = Object.values(networkInterfaces())
    .flat()
    .find(a => a && a.family === 'IPv4' && !a.internal)?.address;
  return address === undefined ? null : `http://${address}:${port}`;
}
