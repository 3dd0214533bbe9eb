import type { NodeRecord } from '../runtime/ports.ts';

/** Refusal detail if no live node runs the room's version of its game. */
export const noCapableNode = 'no node runs this version of the game';

/** Nodes that can run a room of this game (`name@version`; null: any game) and accept new rooms. */
export const findCapableNodes = (nodes: readonly NodeRecord[], game: string | null): NodeRecord[] =>
  nodes.filter(n => !n.draining && (game === null || n.reads.includes(game)));

/**
 * Capable nodes, best first: those with the newest version of the game, because otherwise the room would move again
 * when its node is upgraded; then those with the least load. `load`: overrides the number of rooms that the node last
 * reported.
 */
export function rankTargets(
  nodes: readonly NodeRecord[],
  game: string | null,
  load: (node: NodeRecord) => number = n => n.rooms,
): NodeRecord[] {
  const name = game?.split('@')[0];
  const version = (n: NodeRecord) =>
    name === undefined ? 0 : Number(n.games.find(key => key.split('@')[0] === name)?.split('@')[1] ?? 0);
  return findCapableNodes(nodes, game).sort((a, b) => version(b) - version(a) || load(a) - load(b));
}
