import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import express from 'express';

/** Where a request comes from; null: from this machine, or nobody can tell. What has no address has no limits by address. */
export type AddressOf = (request: IncomingMessage) => string | null;

/**
 * @param trustProxy Express's `trust proxy`: whose X-Forwarded-For is believed. Undefined: nobody's
 * @throws TypeError when it is no such setting
 */
export function addressReader(trustProxy: string | undefined): AddressOf {
  const app = express();
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  const trusts = app.get('trust proxy fn') as (address: string, hops: number) => boolean;
  return request => {
    const header = request.headers['x-forwarded-for'];
    const forwarded = (Array.isArray(header) ? header.join(',') : header ?? '').split(',').map(a => a.trim()).filter(a => isIP(a) > 0).reverse();
    let address = request.socket.remoteAddress ?? '';
    for (let hops = 0; hops < forwarded.length && trusts(address, hops); hops++) address = forwarded[hops]!;
    return networkOf(address);
  };
}

/** Of IPv6 the first 64 bits: whoever has one address has all of these. */
export function networkOf(address: string): string | null {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  // IPv4 first: what tells an IPv6 address is a pattern that takes Node some ms to compile, and again when it was not needed for a while.
  if (isIPv4(plain)) return plain.startsWith('127.') ? null : plain;
  if (!isIPv6(plain) || plain === '::1') return null;
  const [head = '', tail = ''] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const groups = plain.includes('::') ? [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after] : before;
  return `${groups.slice(0, 4).map(g => g.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
