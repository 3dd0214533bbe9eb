import type { NodeRecord } from '../runtime/ports.ts';

/** What a refusal says where no living node runs the room's version of its game. */
export const noCapableNode = 'no node runs this version of the game';

/** Nodes that can run a room of this game (`name@version`; null: of whichever), and take new work. */
export const findCapableNodes = (nodes: readonly NodeRecord[], game: string | null): NodeRecord[] =>
  nodes.filter(n => !n.draining && (game === null || n.reads.includes(game)));

/**
 * The same, the best first: who runs the newest version of the game, or a room would move again when that node is
 * upgraded in its turn; then who has least to do. `load`: where more is known than what the node has last said.
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
