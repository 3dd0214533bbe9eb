import { useRef } from 'preact/hooks';
import { useCell } from '../common/cell.ts';
import { ChangeTracker } from './change-tracker.ts';
import type { RoomPoller } from './room-poller.ts';
import { inOrder, neighborsOf, type TimeTravel } from './time-travel.ts';
import { Tree } from './tree.tsx';

/** Everything that the room holds, now or after an earlier entry. */
export function DocumentView({ watch, travel }: { watch: RoomPoller; travel: TimeTravel }) {
  const reading = useCell(watch.snapshot);
  const entries = useCell(watch.entries);
  const past = useCell(travel.shown);
  const marks = useRef(new ChangeTracker());
  if (!reading) return null;
  const head = entries[0]?.seq ?? 0;
  const oldest = entries.at(-1)?.seq ?? head;
  const at = past?.seq ?? head;
  const { before, after } = neighborsOf(entries, at);
  const go = (seq: number | null) => {
    if (seq === null || seq >= head) travel.present();
    else void travel.show(seq);
  };
  const doc = past ? past.doc && inOrder(past.doc) : inOrder(reading.doc);
  return (
    <section class={past ? 'document-box is-past' : 'document-box'} aria-label="Document">
      <header class="box-head">
        <h2>Document</h2>
        <span class="soft" data-testid="document-at">
          {past ? `after entry #${past.seq} of ${head}` : 'on the server, as no client sees it'}
        </span>
        <button
          type="button"
          class="key"
          aria-label="Previous entry"
          disabled={before === null}
          onClick={() => go(before)}
        >
          ‹
        </button>
        <input
          type="range"
          class="travel"
          aria-label="Entry shown"
          min={oldest}
          max={head}
          value={at}
          disabled={head <= oldest}
          onInput={event => go(Number(event.currentTarget.value))}
        />
        <button type="button" class="key" aria-label="Next entry" disabled={!past} onClick={() => go(after)}>
          ›
        </button>
        <button type="button" class="key" disabled={!past} onClick={() => go(null)}>
          Now
        </button>
      </header>
      <div class="document" data-testid="document">
        {past?.problem && <p class="trouble">{past.problem}</p>}
        {doc !== null && <Tree value={doc} marks={marks.current.update(doc)} depth={2} />}
      </div>
    </section>
  );
}
