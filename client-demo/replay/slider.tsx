import { useMemo, useRef } from 'preact/hooks';
import { useCell } from '../cell.ts';
import type { Player } from './player.ts';
import { drawn, placeInWords, type Mark } from './track.ts';

/** The whole match as a line, with marks where something happened, and where one is on it. */
export function Slider({ player, say }: { player: Player; say(): string }) {
  const { track } = player;
  const place = useCell(player.place);
  const wentOn = useRef(false);
  const marks = useMemo(() => drawn(track).map((mark, i) => <MarkOn key={i} mark={mark} part={mark.at / Math.max(1, track.end)} />), [track]);
  const caption = say();

  /** While it is held it stands still, and goes on afterwards. */
  function grab(): void {
    wentOn.current = player.playing.value;
    player.pause();
  }
  function drop(): void {
    if (wentOn.current && !player.atEnd) player.play();
    wentOn.current = false;
  }

  return (
    <div class={`slider is-by-${track.by}`} style={{ '--done': track.end === 0 ? 0 : place / track.end, '--count': Math.max(1, marks.length) }}>
      <span class="slider-line" aria-hidden="true"><i />{marks}</span>
      <input
        type="range" min={0} max={Math.max(1, Math.round(track.end))} step={1} value={Math.round(place)} data-testid="slider"
        aria-label="Place in the match" aria-valuetext={`${placeInWords(track, place)}${caption ? `. ${caption}` : ''}`}
        onInput={event => player.to(Number(event.currentTarget.value))}
        onPointerDown={grab} onPointerUp={drop} onPointerCancel={drop}
      />
    </div>
  );
}

function MarkOn({ mark: { kind, seat }, part }: { mark: Mark; part: number }) {
  return <i class={`mark is-${kind}`} style={{ left: `${(part * 100).toFixed(3)}%`, ...(seat === null ? {} : { '--own': `var(--seat-${seat})` }) }} />;
}
