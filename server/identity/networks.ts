/** A network whose addresses share limits; `factor`: its limits as a multiple of a single address's. */
export interface WiderNetwork {
  readonly name: string;
  readonly factor: number;
}

/** The eight groups of an IPv6 address. @param text an address that `isIPv6` accepts, without a zone */
export function ipv6GroupsOf(text: string): number[] {
  // The last 32 bits may be written as IPv4: ::ffff:203.0.113.5.
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail = ''] = hex.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16));
  const [before, after] = [read(head), read(tail)];
  return hex.includes('::')
    ? [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after]
    : before;
}

/** The name of the /64 that contains the address. */
export const prefix64Of = (groups: readonly number[]): string =>
  `${groups
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`;

/** The wider networks of an IPv6 /64 as written by `prefix64Of`; none for an IPv4 address. */
export function widerNetworksOf(network: string, factors: Readonly<Record<56 | 48, number>>): WiderNetwork[] {
  if (!network.endsWith('::/64')) return [];
  const [a = 0, b = 0, c = 0, d = 0] = ipv6GroupsOf(network.slice(0, -3));
  const [first, site] = [[a, b, c].map(group => group.toString(16)).join(':'), (d & 0xff00).toString(16)];
  return [
    { name: `${first}:${site}::/56`, factor: factors[56] },
    { name: `${first}::/48`, factor: factors[48] },
  ];
}
