import { useRef } from 'preact/hooks';
import type { Room, ActionResult } from '../../client/index.ts';
import type { Json } from '../../shared/json.ts';
import { useCell } from '../common/cell.ts';
import { ActForm } from './act-form.tsx';
import type { Workbench } from './workbench.ts';
import { useThrottled } from './use-throttled.ts';
import { PaneLog } from './pane-log.tsx';
import { HeldInput, PressedInput } from './input-control.tsx';
import { ChangeTracker } from './change-tracker.ts';
import { Network, PaneHead } from './pane-head.tsx';
import type { Pane } from './pane.ts';
import { Tree } from './tree.tsx';

/** One client: what it sees, what it can do, what it received. */
export function PaneView({ bench, pane }: { bench: Workbench; pane: Pane }) {
  const room = useCell(pane.room);
  const trouble = useCell(pane.problem);
  return (
    <section class="pane" data-testid={`pane-${pane.parts.index}`} aria-label={pane.parts.name}>
      <PaneHead pane={pane} />
      <Network pane={pane} />
      {trouble !== null && (
        <p class="trouble" data-testid="trouble">
          {trouble}
          {bench.roomId !== null && (
            <button type="button" class="key" onClick={() => void bench.rejoin(pane)}>
              Join again
            </button>
          )}
        </p>
      )}
      {room && !pane.parts.watch && <Engine pane={pane} room={room} />}
      <div class="view" data-testid="view" role="group" aria-label={`What ${pane.parts.name} sees`} tabIndex={0}>
        {room && <View room={room} />}
      </div>
      {room && !pane.parts.watch && <ActionForms pane={pane} />}
      <PaneLog pane={pane} />
    </section>
  );
}

function View({ room }: { room: Room }) {
  useThrottled(80, room.onChange);
  const marks = useRef(new ChangeTracker());
  const state = room.state as Json;
  return state === null ? (
    <p class="soft nothing">No state before the first match.</p>
  ) : (
    <Tree value={state} marks={marks.current.update(state)} depth={3} />
  );
}

/** The actions of the engine, in every game. Buttons stay enabled when they are of no use, to show the refusal. */
function Engine({ pane, room }: { pane: Pane; room: Room }) {
  useThrottled(200, room.onChange);
  const mine = room.seat === null ? null : room.players[room.seat];
  const { game } = pane.parts;
  const button = (text: string, name: string, doing: () => Promise<ActionResult>) => (
    <button type="button" class="key" onClick={() => void pane.ask(name, undefined, doing)}>
      {text}
    </button>
  );
  return (
    <div class="engine">
      {button(mine?.ready ? 'Not ready' : 'Ready', '$ready', () => room.ready(!mine?.ready))}
      {button('Start', '$start', () => room.start())}
      {button(mine?.rematch ? 'No rematch' : 'Rematch', '$rematch', () => room.rematch(!mine?.rematch))}
      {game.bots && button('Add bot', '$bot', () => room.addBot())}
      {game.teams.map((team, i) => button(`Team ${team}`, '$team', () => room.joinTeam(i)))}
      <button type="button" class="key" onClick={() => void room.leave()}>
        Leave
      </button>
    </div>
  );
}

function ActionForms({ pane }: { pane: Pane }) {
  const { actions, inputs, signals } = pane.parts.game;
  return (
    <div class="deeds">
      {Object.entries(actions).map(([name, schema]) => (
        <ActForm key={name} kind="act" name={name} schema={schema} send={data => pane.act(name, data)} />
      ))}
      {Object.entries(inputs).map(([name, input]) =>
        input.kind === 'held' ? (
          <HeldInput key={name} name={name} schema={input.schema} put={value => pane.input(name, value)} />
        ) : (
          <PressedInput key={name} name={name} press={() => pane.input(name)} />
        ),
      )}
      {Object.entries(signals).map(([name, schema]) => (
        <ActForm key={name} kind="signal" name={name} schema={schema} send={data => pane.signal(name, data)} />
      ))}
    </div>
  );
}
