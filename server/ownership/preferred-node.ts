import type { ClusterMembership } from './cluster-membership.ts';

/**
 * Whether this node is the preferred one to claim an unowned room. Rendezvous hashing: all nodes compute the same
 * result independently.
 */
export function isPreferredNode(
  { self, membership }: { self: string; membership: ClusterMembership },
  room: string,
): boolean {
  const nodes = [
    self,
    ...membership
      .aliveNodes()
      .filter(n => !n.draining)
      .map(n => n.id),
  ];
  return (
    nodes.reduce((best, node) => (rendezvousWeight(room, node) > rendezvousWeight(room, best) ? node : best)) === self
  );
}

/** FNV-1a, 32 bits. */
function rendezvousWeight(room: string, node: string): number {
  let h = 0x811c9dc5;
  for (const c of `${room}|${node}`) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  return h >>> 0;
}
