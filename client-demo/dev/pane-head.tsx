import type { Room } from '../../client/index.ts';
import { useCell, useSources } from '../common/cell.ts';
import { useThrottled } from './use-throttled.ts';
import type { Pane } from './pane.ts';

/** The client's player, its connection, and the simulated network conditions. */
export function PaneHead({ pane }: { pane: Pane }) {
  const room = useCell(pane.room);
  useSources(pane.client.onStatus);
  useThrottled(200, room?.onChange);
  const { status } = pane.client;
  const seat = room?.seat ?? null;
  const words = status.state === 'live' ? status.node : status.state === 'reconnecting' ? 'reconnecting' : status.state;
  return (
    <header class="pane-head">
      <span
        class={seat === null ? 'pane-seat is-none' : 'pane-seat'}
        style={seat === null ? undefined : { background: `var(--seat-${seat % 8})` }}
      >
        {seat ?? '–'}
      </span>
      <h2>{pane.parts.name}</h2>
      <span class="flags">
        {room
          ? flagsOf(room, seat).map(flag => (
              <span key={flag} class="flag">
                {flag}
              </span>
            ))
          : null}
      </span>
      <span class={`pane-line is-${status.state}`} data-testid="line" data-state={status.state}>
        {words}
        {status.state === 'live' && pane.client.rtt !== null && (
          <span class="soft" title="last round trip of the keep-alive">
            {' '}
            {Math.round(pane.client.rtt)} ms
          </span>
        )}
      </span>
    </header>
  );
}

function flagsOf(room: Room, seat: number | null): string[] {
  if (seat === null) return room.ended ? [] : ['no seat'];
  const shown = room.players[seat]!;
  const { host, phase } = room.info;
  return [
    host === seat && 'host',
    phase === 'waiting' && shown.ready && 'ready',
    phase === 'ended' && shown.rematch && 'rematch',
    shown.bot && 'bot',
    shown.out && 'out',
    shown.team !== null && `team ${shown.team}`,
  ].filter(flag => flag !== false);
}

export function Network({ pane }: { pane: Pane }) {
  const { ms, jitter } = useCell(pane.lag.added);
  const offline = useCell(pane.lag.offline);
  const slider = (label: string, value: number, most: number, set: (value: number) => void) => (
    <label class="slide" title={`${label} of a round trip, half of it each way`}>
      {label}
      <input
        type="range"
        min={0}
        max={most}
        step={10}
        value={value}
        aria-label={`${label} of ${pane.parts.name}`}
        onInput={event => set(Number(event.currentTarget.value))}
      />
      <output>{value} ms</output>
    </label>
  );
  return (
    <div class="network">
      {slider('Latency', ms, 500, value => pane.lag.added.set({ ms: value, jitter }))}
      {slider('Jitter', jitter, 500, value => pane.lag.added.set({ ms, jitter: value }))}
      <button type="button" class="key" aria-pressed={offline} onClick={() => pane.setOffline(!offline)}>
        {offline ? 'Reconnect' : 'Disconnect'}
      </button>
      <button
        type="button"
        class="key"
        disabled={offline}
        title="Another connection by another route, which leads to another node where there are several"
        onClick={() => pane.client.move()}
      >
        Other node
      </button>
    </div>
  );
}
