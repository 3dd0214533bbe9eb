import { dutyOf, RoomError, type Client, type Replay } from '../../client/index.ts';
import { replayRoom, type ReplayRoom } from '../../client/replay/index.ts';
import { gameNamed } from '../games/games.ts';
import type { TableGame } from '../games/common/table-game.ts';
import { describeMatchOutcome } from '../room/seat-text.ts';
import { ReplayPlayer } from './replay-player.ts';
import { trackOf } from './track.ts';

/** A match that can be replayed. */
export interface LoadedReplay {
  at: 'found';
  game: TableGame;
  room: ReplayRoom;
  player: ReplayPlayer;
  /** The result as text. */
  outcome: string;
  ending: string;
}
/** A match that cannot be replayed. */
export interface MissingReplay {
  at: 'missing';
  code: string;
  detail?: string;
}

/** How long (ms) to retry when no node can answer: during a takeover, or while the recording is being written. */
const retryForMs = 8_000;
const retryDelayMs = 400;

/** Loads a finished match. Never throws: the answer says why there is no recording. */
export async function loadReplay(client: Client, id: string, match: number): Promise<LoadedReplay | MissingReplay> {
  if (match < 1 || id === '') return { at: 'missing', code: 'replay-missing' };
  const until = performance.now() + retryForMs;
  for (;;) {
    try {
      return toLoadedReplay(await client.replay(id, match));
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      if (dutyOf(error.code) !== 'retry' || performance.now() > until) return toMissingReplay(error);
      await new Promise(done => setTimeout(done, retryDelayMs));
    }
  }
}

const toMissingReplay = ({ code, detail }: RoomError): MissingReplay => ({
  at: 'missing',
  code: code === 'not-now' ? 'match-on' : code,
  ...(detail === undefined ? {} : { detail }),
});

function toLoadedReplay(replay: Replay): LoadedReplay | MissingReplay {
  const { data } = replay;
  const game = gameNamed(data.game);
  if (!game) return { at: 'missing', code: 'wrong-game' };
  if (data.version !== game.contract.def.version)
    return { at: 'missing', code: data.version > game.contract.def.version ? 'client-outdated' : 'replay-missing' };
  const { pacing } = game.replayGuide;
  const room = replayRoom(replay, game.contract, pacing.by === 'time' ? { tick: pacing.tick } : {});
  const track = trackOf(room, game.replayGuide);
  room.go(room.length);
  const words = { outcome: describeMatchOutcome(room, null), ending: game.ending(room) };
  room.go(0);
  return { at: 'found', game, room, player: new ReplayPlayer(room, track, pacing), ...words };
}
