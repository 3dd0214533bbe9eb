import { useMemo } from 'preact/hooks';
import type { DevRoomReply } from '../../shared/dev-protocol.ts';
import type { Json } from '../../shared/json.ts';
import { useCell, useRedrawInterval } from '../common/cell.ts';
import { DocumentView } from './document-view.tsx';
import { JournalView } from './journal-view.tsx';
import type { RoomPoller } from './room-poller.ts';
import { RulesView } from './rules-view.tsx';
import { TimeTravel } from './time-travel.ts';

/** The room as its owner has it: timers, journal, and all hidden state. */
export function RoomPanel({ watch, clocks }: { watch: RoomPoller; clocks: readonly string[] }) {
  const reading = useCell(watch.snapshot);
  const trouble = useCell(watch.problem);
  const travel = useMemo(() => new TimeTravel(watch.id), [watch]);
  return (
    <aside class="room-panel" data-testid="room-panel">
      {trouble !== null && <p class="trouble">{trouble}</p>}
      <RulesView watch={watch} room={watch.id} show={seq => void travel.show(seq)} />
      {reading && <Timers watch={watch} reading={reading} clocks={clocks} />}
      <JournalView watch={watch} travel={travel} />
      <DocumentView watch={watch} travel={travel} />
    </aside>
  );
}

function Timers({ watch, reading, clocks }: { watch: RoomPoller; reading: DevRoomReply; clocks: readonly string[] }) {
  const { timers } = reading.doc.hidden as { timers: Record<string, { at: number; data: Json }> };
  const list = Object.entries(timers).sort(([, a], [, b]) => a.at - b.at);
  useRedrawInterval(100, list.length > 0);
  const now = Date.now() + watch.clockOffset;
  return (
    <section aria-label="Timers">
      <header class="box-head">
        <h2>Timers</h2>
        <span class="soft">
          {list.length === 0 ? 'none is set' : clocks.length > 0 ? `everybody sees: ${clocks.join(', ')}` : ''}
        </span>
      </header>
      <ul class="timers" data-testid="timers">
        {list.map(([name, { at, data }]) => (
          <li key={name} class="timer">
            <span class={clocks.includes(name) ? 'timer-name is-shown' : 'timer-name'}>{name}</span>
            <span class="timer-data">{JSON.stringify(data)}</span>
            <output>{(Math.max(0, at - now) / 1_000).toFixed(1)} s</output>
          </li>
        ))}
      </ul>
    </section>
  );
}
