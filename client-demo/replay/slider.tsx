import { useMemo, useRef } from 'preact/hooks';
import { useCell } from '../common/cell.ts';
import type { ReplayPlayer } from './replay-player.ts';
import { visibleMarks, describePosition, type TrackMark } from './track.ts';

/** The whole match as a slider, with marks for events. */
export function Slider({ player, say }: { player: ReplayPlayer; say(): string }) {
  const { track } = player;
  const place = useCell(player.position);
  const wentOn = useRef(false);
  const marks = useMemo(
    () =>
      visibleMarks(track).map((mark, i) => <SliderMark key={i} mark={mark} part={mark.at / Math.max(1, track.end)} />),
    [track],
  );
  const caption = say();

  /** Playback pauses while the slider is held, and continues afterwards. */
  function grab(): void {
    wentOn.current = player.playing.value;
    player.pause();
  }
  function drop(): void {
    if (wentOn.current && !player.atEnd) player.play();
    wentOn.current = false;
  }

  return (
    <div
      class={`slider is-by-${track.by}`}
      style={{ '--done': track.end === 0 ? 0 : place / track.end, '--count': Math.max(1, marks.length) }}
    >
      <span class="slider-line" aria-hidden="true">
        <i />
        {marks}
      </span>
      <input
        type="range"
        min={0}
        max={Math.max(1, Math.round(track.end))}
        step={1}
        value={Math.round(place)}
        data-testid="slider"
        aria-label="Place in the match"
        aria-valuetext={`${describePosition(track, place)}${caption ? `. ${caption}` : ''}`}
        onInput={event => player.seek(Number(event.currentTarget.value))}
        onPointerDown={grab}
        onPointerUp={drop}
        onPointerCancel={drop}
      />
    </div>
  );
}

function SliderMark({ mark: { kind, seat }, part }: { mark: TrackMark; part: number }) {
  return (
    <i
      class={`mark is-${kind}`}
      style={{ left: `${(part * 100).toFixed(3)}%`, ...(seat === null ? {} : { '--own': `var(--seat-${seat})` }) }}
    />
  );
}
