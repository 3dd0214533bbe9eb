import type { JoinReply, ListReply } from '../../shared/protocol.ts';
import { openColyseus } from './colyseus-player.ts';
import { openConnection } from './rejoin-player.ts';

/**
 * One who comes, looks what there is, takes a seat in any room that is open, or in a new one, and goes.
 * @throws when there is no seat
 */
export type Visit = (url: string, address: string) => Promise<void>;

const post = async (url: string, body: object): Promise<unknown> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${new URL(url).pathname}: ${response.status}`);
  return response.json();
};

const rejoin: Visit = async (url, address) => {
  const { connection } = await openConnection(url, { 'x-forwarded-for': address });
  const rooms = (await connection.ask('list', { game: 'bench-moves' })) as ListReply;
  if (!rooms.ok) throw new Error(`no list: ${rooms.code}`);
  const joined = (await connection.ask('join', { quick: { game: 'bench-moves' } })) as JoinReply;
  if (!joined.ok) throw new Error(`no seat: ${joined.code}`);
  await connection.ask('act', { room: joined.room, name: '$leave' });
  connection.socket.close();
};

/**
 * Its documentation lists rooms by a room that is subscribed to; there is no single question for it, so nobody asks.
 */
const colyseus: Visit = async (url, address) => {
  const { socket, leave } = await openColyseus(url, 'joinOrCreate/moves', { address });
  leave();
  await new Promise<void>(resolve => {
    socket.onClose = resolve;
  });
};

interface Match {
  matchID: string;
  players: { id: number; name?: string }[];
}
const boardgame: Visit = async url => {
  const games = `${url}/games/moves`;
  const { matches } = (await (await fetch(games)).json()) as { matches: Match[] };
  const open = matches.findLast(match => match.players.some(({ name }) => name === undefined));
  const join = async (matchID: string) => ({
    matchID,
    ...((await post(`${games}/${matchID}/join`, { playerName: 'guest' })) as {
      playerID: string;
      playerCredentials: string;
    }),
  });
  const create = async () => ((await post(`${games}/create`, { numPlayers: 4 })) as { matchID: string }).matchID;
  // What was open may be full, or gone, by now.
  const seat = (open && (await join(open.matchID).catch(() => null))) ?? (await join(await create()));
  await post(`${games}/${seat.matchID}/leave`, { playerID: seat.playerID, credentials: seat.playerCredentials });
};

export const visits: Partial<Record<string, Visit>> = { rejoin, colyseus, 'boardgame.io': boardgame };
