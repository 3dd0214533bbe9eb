import { dutyOf, RoomRefused, type Client, type Replay } from '../../client/index.ts';
import { replayRoom, type ReplayRoom } from '../../client/replay/index.ts';
import { gameNamed } from '../games/games.ts';
import type { TableGame } from '../games/table-game.ts';
import { outcome } from '../room/seat-words.ts';
import { Player } from './player.ts';
import { trackOf } from './track.ts';

/** A match that can be watched. */
export interface Found { at: 'found'; game: TableGame; room: ReplayRoom; player: Player; /** How it came out, in words. */ outcome: string; ending: string }
/** One that cannot. */
export interface Missing { at: 'missing'; code: string; detail?: string }

/** For so long (ms) a node that cannot answer is asked again: another one takes over, or the recording is still being written. */
const patience = 8_000;
const pause = 400;

/** Gets a finished match. Never throws: why there is none is in the answer. */
export async function load(client: Client, id: string, match: number): Promise<Found | Missing> {
  if (match < 1 || id === '') return { at: 'missing', code: 'replay-missing' };
  const until = performance.now() + patience;
  for (;;) {
    try {
      return made(await client.replay(id, match));
    } catch (error) {
      if (!(error instanceof RoomRefused)) throw error;
      if (dutyOf(error.code) !== 'retry' || performance.now() > until) return missing(error);
      await new Promise(done => setTimeout(done, pause));
    }
  }
}

const missing = ({ code, detail }: RoomRefused): Missing => ({ at: 'missing', code: code === 'not-now' ? 'match-on' : code, ...(detail === undefined ? {} : { detail }) });

function made(replay: Replay): Found | Missing {
  const { data } = replay;
  const game = gameNamed(data.game);
  if (!game) return { at: 'missing', code: 'wrong-game' };
  if (data.version !== game.contract.def.version) return { at: 'missing', code: data.version > game.contract.def.version ? 'client-outdated' : 'replay-missing' };
  const { pace } = game.retelling;
  const room = replayRoom(replay, game.contract, pace.by === 'time' ? { tick: pace.tick } : {});
  const track = trackOf(room, game.retelling);
  room.go(room.length);
  const words = { outcome: outcome(room, null), ending: game.ending(room) };
  room.go(0);
  return { at: 'found', game, room, player: new Player(room, track, pace), ...words };
}
