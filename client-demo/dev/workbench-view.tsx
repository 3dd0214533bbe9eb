import { useEffect } from 'preact/hooks';
import type { JsonObject } from '../../shared/json.ts';
import { Logo } from '../common/logo.tsx';
import { useCell } from '../common/cell.ts';
import type { Workbench } from './workbench.ts';
import { PaneView } from './pane-view.tsx';
import { RoomPanel } from './room-panel.tsx';
import type { RoomPoller } from './room-poller.ts';

/** A room under observation: its clients side by side, and the server's data. */
export function WorkbenchView({ bench, again, setUp }: { bench: Workbench; again(): void; setUp(): void }) {
  const panes = useCell(bench.panes);
  const watch = useCell(bench.poller);
  const game = useCell(bench.game);
  return (
    <>
      <header class="top">
        <Logo />
        <span class="top-dev">dev</span>
        <h1>
          {game.name}
          <span class="soft"> v{game.version}</span>
        </h1>
        {watch && <RoomFacts watch={watch} />}
        <span class="top-gap" />
        <button type="button" class="key" onClick={() => void bench.add(false)}>
          Add client
        </button>
        <button type="button" class="key" onClick={() => void bench.add(true)}>
          Add spectator
        </button>
        <button type="button" class="key is-strong" onClick={again}>
          New room
        </button>
        <button type="button" class="key" onClick={setUp}>
          Set up
        </button>
      </header>
      <main class="bench">
        <div class="panes" data-count={Math.min(panes.length, 4)}>
          {panes.map(pane => (
            <PaneView key={`${pane.parts.index} ${JSON.stringify(pane.parts.game)}`} bench={bench} pane={pane} />
          ))}
        </div>
        {watch && <ReloadWatch bench={bench} watch={watch} />}
        {watch && <RoomPanel watch={watch} clocks={game.clocks} />}
      </main>
    </>
  );
}

/** Tells the workbench when the rules were reloaded. */
function ReloadWatch({ bench, watch }: { bench: Workbench; watch: RoomPoller }) {
  const loads = useCell(watch.snapshot)?.rules.loads ?? 0;
  useEffect(() => {
    // A server that does not answer is reported by the poller.
    if (loads > 0) bench.rulesReloaded().catch(() => {});
  }, [loads]);
  return null;
}

function RoomFacts({ watch }: { watch: RoomPoller }) {
  const reading = useCell(watch.snapshot);
  if (!reading) return null;
  const room = reading.doc.room as {
    phase: string;
    match: number;
    code: string;
    options: JsonObject;
    result: { ranking: number[][] } | null;
  };
  const facts: [string, string][] = [
    ['phase', room.phase],
    ['match', String(room.match)],
    ['code', room.code],
    ['entry', `#${reading.place[1]}`],
    ['owner', reading.owner.split('~')[0]!],
    ...(room.result ? [['ranking', JSON.stringify(room.result.ranking)] as [string, string]] : []),
    ...(Object.keys(room.options).length > 0 ? [['options', JSON.stringify(room.options)] as [string, string]] : []),
  ];
  return (
    <dl class="facts" data-testid="facts" data-phase={room.phase}>
      {facts.map(([name, value]) => (
        <div key={name} class={`fact is-${name}`}>
          <dt>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
