import type { Client } from '../../client/index.ts';
import type { Windows } from './windows.ts';

const maxMoves = 8; // of three nodes: in vain once in thousands of times, a few hundredths of a second each

/**
 * Windows on one machine share an address and so reach one node. To use different nodes, the window opened later
 * switches routes a few times: a random route may lead to the same node again.
 */
export function spreadOverNodes(client: Client, windows: Windows): void {
  let moves = 0;
  const look = () => {
    const { status } = client;
    if (status.state !== 'live' || moves >= maxMoves) return;
    const beside = windows.others.value.some(other => other.node === status.node && other.since < windows.since);
    if (!beside) return;
    moves += 1;
    client.move();
  };
  client.onStatus(() => queueMicrotask(look));
  windows.others.subscribe(look); // also one whose answer came late
  void windows.findOthers().then(look);
}
