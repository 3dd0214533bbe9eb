import { useEffect, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';

const shown = 28;
const paints = 4;

interface Entry {
  term: number;
  seq: number;
  paint: number;
}

/** The room's journal as it ticks on this page: a bar for each entry, another colour after each takeover. */
export function Journal({ room }: { room: Room }) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  useEffect(() => {
    const note = () =>
      setEntries(old => {
        const [term, seq] = room.position;
        const last = old.at(-1);
        if (last && last.term === term && last.seq === seq) return old;
        const paint = !last ? 0 : last.term === term ? last.paint : (last.paint + 1) % paints;
        return [...old, { term, seq, paint }].slice(-shown);
      });
    setEntries([]);
    note();
    return room.onChange(note);
  }, [room]);
  return (
    <div class="journal" aria-hidden="true">
      {Array.from({ length: shown - entries.length }, (_, i) => (
        <i key={`free ${i}`} />
      ))}
      {entries.map(({ term, seq, paint }) => (
        <i key={`${term}.${seq}`} class={`entry paint-${paint}`} title={`term ${term}, entry ${seq}`} />
      ))}
    </div>
  );
}
