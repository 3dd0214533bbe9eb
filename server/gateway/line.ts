import type { GameSocket } from './types.ts';

/** Whether somebody else's namespaces go over the same connection: then it is not ours to close. */
export const sharesItsLine = (socket: GameSocket): boolean => (socket.client as unknown as { sockets: ReadonlyMap<string, unknown> }).sockets.size > 1;

/** Lets a client go that may come back. Not by disconnect() where that can be helped: a stock client takes it for the server's last word. */
export function hangUp(socket: GameSocket): void {
  if (sharesItsLine(socket)) socket.disconnect();
  else socket.conn.close();
}
