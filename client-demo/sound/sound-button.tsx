import { useCell } from '../common/cell.ts';
import { SoundIcon } from '../common/icons.tsx';
import { speaker } from './speaker.ts';

/** Turns sound on and off. It is off by default. */
export function SoundButton() {
  const on = useCell(speaker.on);
  return (
    <button
      type="button"
      class="button is-small is-icon"
      aria-pressed={on}
      aria-label="Sound"
      title={on ? 'Sound is on' : 'Sound is off'}
      onClick={() => speaker.toggle()}
    >
      <SoundIcon on={on} />
    </button>
  );
}
