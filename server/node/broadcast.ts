import type { Schema } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { utf8Length } from '../../shared/strict-json.ts';
import type { RejoinNode } from './node.ts';
import { ServerRoomError } from './server-rooms.ts';

/** Checks a message of the server's own code, and sends it to all clients (SPEC X7). @throws ServerRoomError */
export function broadcast(
  node: Pick<RejoinNode, 'broadcasts' | 'games'>,
  schemas: Readonly<Record<string, Schema>>,
  name: string,
  data: unknown,
  game: string | null,
): void {
  if (!Object.hasOwn(schemas, name) || name.length === 0 || name.length > limits.wordLength)
    throw new ServerRoomError('bad-request', `there is no schema of a broadcast '${name}'`);
  if (game !== null && !node.games.some(({ contract }) => contract.name === game))
    throw new ServerRoomError('bad-request', `game: this server has no game '${game}'`);
  const read = parseJson(schemas[name]!, data, name);
  if (!read.ok) throw new ServerRoomError('bad-data', read.detail);
  const bytes = utf8Length(JSON.stringify(read.value));
  if (bytes > limits.broadcastBytes)
    throw new ServerRoomError('too-large', `data: ${bytes} bytes, at most ${limits.broadcastBytes}`);
  const wait = node.broadcasts.send(name, read.value, game);
  if (wait > 0) throw new ServerRoomError('slow-down', `too many broadcasts: try again in ${Math.ceil(wait)} ms`);
}
