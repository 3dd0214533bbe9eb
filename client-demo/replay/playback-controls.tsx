import { useCell } from '../common/cell.ts';
import { AgainIcon, PauseIcon, PlayIcon, StepBackIcon, StepOnIcon } from '../common/icons.tsx';
import type { LoadedReplay } from './load-replay.ts';
import { captionOf } from './narrator.tsx';
import { speeds } from './replay-player.ts';
import { Slider } from './slider.tsx';
import { formatPosition } from './track.ts';

/**
 * Drops the focus after a click with the mouse, so that Space plays and pauses, and does not press the button again.
 */
function blurButton(event: MouseEvent): void {
  if ((event as PointerEvent).pointerType === 'mouse' && document.activeElement instanceof HTMLElement)
    document.activeElement.blur();
}

/** The controls of a replay: slider with marks, step, play, speed; and the shown move as text. */
export function PlaybackControls({ found }: { found: LoadedReplay }) {
  const { player } = found;
  const { track } = player;
  const place = useCell(player.position);
  const playing = useCell(player.playing);
  const speed = useCell(player.speed);
  const { now, all } = formatPosition(track, place);
  const step = track.by === 'moves' ? 'One move' : 'A quarter of a second';
  const atEnd = place >= track.end;
  return (
    <section
      class="transport"
      aria-label="Replay"
      data-testid="transport"
      data-place={place}
      data-end={track.end}
      data-playing={playing}
    >
      <p class="transport-line">
        <span class="transport-say" data-testid="replay-say">
          {captionOf(found)}
        </span>
        <span class="transport-place" data-testid="replay-place" aria-hidden="true">
          {track.by === 'moves' && <span class="soft move-word">Move </span>}
          <b>{now}</b>
          <span class="soft"> / {all}</span>
        </span>
      </p>
      <Slider player={player} say={() => captionOf(found)} />
      <div class="transport-row" onClick={blurButton}>
        <div class="transport-deeds">
          <button
            type="button"
            class="button transport-step"
            aria-label={`${step} back`}
            data-testid="step-back"
            aria-disabled={place <= 0}
            onClick={() => player.step(-1)}
          >
            <StepBackIcon />
          </button>
          <button
            type="button"
            class="button is-primary transport-play"
            aria-label={playing ? 'Pause' : atEnd ? 'Play again' : 'Play'}
            data-testid="play"
            onClick={() => player.toggle()}
          >
            {playing ? <PauseIcon /> : atEnd ? <AgainIcon /> : <PlayIcon />}
          </button>
          <button
            type="button"
            class="button transport-step"
            aria-label={`${step} on`}
            data-testid="step-on"
            aria-disabled={atEnd}
            onClick={() => player.step(1)}
          >
            <StepOnIcon />
          </button>
        </div>
        <fieldset class="variants transport-speeds">
          <legend class="unseen">Speed</legend>
          <div class="variants-row">
            {speeds.map(one => (
              <label key={one} class="variant">
                <input
                  type="radio"
                  name="speed"
                  checked={one === speed}
                  onChange={() => player.speed.set(one)}
                  aria-label={one === 0.5 ? 'Half speed' : one === 1 ? 'Normal speed' : `${one} times as fast`}
                />
                <span aria-hidden="true">{one}×</span>
              </label>
            ))}
          </div>
        </fieldset>
      </div>
    </section>
  );
}
