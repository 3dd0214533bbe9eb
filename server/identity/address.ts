import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import express from 'express';
import { ipv6GroupsOf, prefix64Of } from './networks.ts';

/**
 * The network address of a request's client; null: this machine, or unknown. Clients without an address have no limits
 * by address.
 */
export type AddressReader = (request: IncomingMessage) => string | null;

/**
 * Stands for the address of requests that a proxy forwards from this machine or without a usable address, so that
 * limits apply to them, too.
 */
export const forwardedLoopback = 'loopback';

/**
 * @param trustProxy Express's `trust proxy`: the proxies whose X-Forwarded-For is trusted; undefined: none
 * @throws TypeError when the setting is invalid
 */
export function createAddressReader(trustProxy: string | undefined): AddressReader {
  const isTrusted = parseTrustProxy(trustProxy);
  return request => {
    const header = request.headers['x-forwarded-for'];
    const text = (Array.isArray(header) ? header.join(',') : (header ?? '')).trim();
    const hops = text === '' ? [] : text.split(',').reverse();
    let address = request.socket.remoteAddress ?? '';
    let isForwarded = false;
    for (let i = 0; i < hops.length && isTrusted(address, i); i++) {
      isForwarded = true;
      const hop = readHop(hops[i]!.trim());
      if (hop === null) break; // hops further left may be forged by the client
      address = hop;
    }
    return networkOf(address) ?? (isForwarded ? forwardedLoopback : null);
  };
}

/** Whether a hop is a trusted proxy. @throws TypeError when the setting is invalid */
export function parseTrustProxy(setting: string | undefined): (address: string, hops: number) => boolean {
  if (setting === undefined) return () => false;
  if (/^(true|yes)$/i.test(setting.trim()))
    throw new TypeError('trust proxy: list the proxies; trusting all would accept any address that a client sends');
  const app = express();
  app.set('trust proxy', /^\d+$/.test(setting.trim()) ? Number(setting) : setting);
  return app.get('trust proxy fn') as (address: string, hops: number) => boolean;
}

/**
 * Parses one hop of X-Forwarded-For. Some proxies add a port: `203.0.113.5:4711`, `[2001:db8::1]:4711`. Null: no
 * address, such as `unknown`.
 */
function readHop(text: string): string | null {
  if (isIP(text)) return text;
  const plain = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return plain !== undefined && isIP(plain) ? plain : null;
}

/**
 * For IPv6 the /64 prefix: a host with one of these addresses can use all of them. Null: this machine, or no address.
 */
export function networkOf(address: string): string | null {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  // IPv4 first: Node compiles the IPv6 pattern lazily, which takes some ms and recurs when it was not used for a while.
  if (isIPv4(plain)) return plain.startsWith('127.') ? null : plain;
  if (!isIPv6(plain)) return null;
  const groups = ipv6GroupsOf(plain);
  const zeros = groups.findIndex(group => group !== 0);
  if (zeros === 5 && groups[5] === 0xffff)
    return networkOf(
      groups
        .slice(6)
        .map(group => `${group >> 8}.${group & 255}`)
        .join('.'),
    ); // IPv4 in hexadecimal notation
  if (zeros === 7 && groups[7] === 1) return null;
  return prefix64Of(groups);
}
