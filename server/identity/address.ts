import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import express from 'express';
import { ipv6GroupsOf, prefix64Of } from './networks.ts';

/**
 * Where a request comes from; null: from this machine, or nobody can tell. What has no address has no limits by
 * address.
 */
export type AddressReader = (request: IncomingMessage) => string | null;

/**
 * The address of requests that a proxy forwards from this machine, or from nobody: they have limits like all that is
 * forwarded.
 */
export const forwardedLoopback = 'loopback';

/**
 * @param trustProxy Express's `trust proxy`: whose X-Forwarded-For is believed. Undefined: nobody's
 * @throws TypeError when it is no such setting
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
      if (hop === null) break; // what is further left may be the client's own text
      address = hop;
    }
    return networkOf(address) ?? (isForwarded ? forwardedLoopback : null);
  };
}

/** Which hops are proxies that may say where a request comes from. @throws TypeError when it is no such setting */
export function parseTrustProxy(setting: string | undefined): (address: string, hops: number) => boolean {
  if (setting === undefined) return () => false;
  if (/^(true|yes)$/i.test(setting.trim()))
    throw new TypeError('trust proxy: list the proxies; trusting all would accept any address that a client sends');
  const app = express();
  app.set('trust proxy', /^\d+$/.test(setting.trim()) ? Number(setting) : setting);
  return app.get('trust proxy fn') as (address: string, hops: number) => boolean;
}

/**
 * One hop of X-Forwarded-For, which some proxies write with a port: `203.0.113.5:4711`, `[2001:db8::1]:4711`. Null: no
 * address, such as `unknown`.
 */
function readHop(text: string): string | null {
  if (isIP(text)) return text;
  const plain = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return plain !== undefined && isIP(plain) ? plain : null;
}

/**
 * Of IPv6 the first 64 bits: a host with one of these addresses can use all of them. Null: this machine, or no address.
 */
export function networkOf(address: string): string | null {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  // IPv4 first: what tells an IPv6 address is a pattern that takes Node some ms to compile, and again when it was not
  // needed for a while.
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
    ); // IPv4, written in hex
  if (zeros === 7 && groups[7] === 1) return null;
  return prefix64Of(groups);
}
