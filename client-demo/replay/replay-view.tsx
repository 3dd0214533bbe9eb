import { useEffect, useMemo } from 'preact/hooks';
import { useCell, useSources } from '../common/cell.ts';
import { useSeatColors } from '../games/common/seat-colors.ts';
import { subscribeOutsideScene } from '../room/outside-scene.ts';
import { Emotes } from '../room/emotes.ts';
import { Seat } from '../room/seat.tsx';
import { SeatTag } from '../room/seat-tag.tsx';
import { Narrator } from './narrator.tsx';
import type { LoadedReplay } from './load-replay.ts';
import { PlaybackControls } from './playback-controls.tsx';
import { useReplayKeys } from './replay-keys.ts';

// The page is in English, whatever the browser's language.
const day = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const formatDuration = (ms: number): string =>
  ms < 99_500 ? `${Math.max(1, Math.round(ms / 1_000))} s` : `${Math.round(ms / 60_000)} min`;

/** The table of a finished match, with the controls of the replay. */
export function ReplayView({ found }: { found: LoadedReplay }) {
  const { game, room, player, outcome, ending } = found;
  useSources(useMemo(() => subscribeOutsideScene(room), [room]));
  useSeatColors(room);
  const playing = useCell(player.playing);
  const leaps = useCell(player.jumps);
  // Emotes are not recorded.
  const emotes = useMemo(() => new Emotes(room), [room]);
  useReplayKeys(player);
  useEffect(() => {
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) player.play();
    return () => player.pause();
  }, [player]);
  useEffect(() => {
    if (!playing) return;
    let next = requestAnimationFrame(function frame() {
      player.frame(performance.now());
      next = requestAnimationFrame(frame);
    });
    return () => cancelAnimationFrame(next);
  }, [player, playing]);

  const { info } = room;
  const { Table, ownSeats } = game;
  const { began, frames } = room.replay.data;
  const tag = (seat: number) => <SeatTag room={room} index={seat} mine={false} emotes={emotes} clock={() => null} />;
  return (
    <main class="replay" data-testid="replay" data-game={info.game} data-phase={info.phase} data-frame={room.frame}>
      <header class="replay-head">
        <h1 class="replay-title" data-testid="replay-title">
          {outcome}.{ending && <span class="replay-ending"> {ending}</span>}
        </h1>
        <p class="soft">
          {game.title}, <time dateTime={new Date(began).toISOString()}>{day.format(began)}</time>,{' '}
          {formatDuration(frames.at(-1)?.[0] ?? 0)}
        </p>
      </header>
      <div class={`scene is-replay ${ownSeats ? 'has-own-seats' : 'has-sides'} plays-${info.game}`}>
        {!ownSeats &&
          info.seats.map((seat, i) => (
            <Seat key={i} room={room} index={i} seat={seat} mine={false} emotes={emotes} recorded />
          ))}
        {/* A jump mounts the table again, so that nothing is animated. A scene drawn by frames needs no remount. */}
        <div class="scene-board">
          <Table key={leaps} room={room} startRequest={() => () => {}} showToast={() => {}} tag={tag} />
        </div>
      </div>
      <PlaybackControls found={found} />
      <Narrator found={found} />
    </main>
  );
}
