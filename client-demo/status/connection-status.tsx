import { useEffect, useState } from 'preact/hooks';
import type { Client, Room, RoomStatus } from '../../client/index.ts';
import { useSources, useRedrawInterval } from '../common/cell.ts';

/** `lead`: the part that is dropped first where space is short. */
type Shown = { tone: 'fine' | 'wait' | 'bad'; text: string; lead?: string };

/** Interruptions (ms) up to this are not shown. */
const unnoticeableMs = 350;
/** A move that waits longer than this (ms) gets a text of its own. */
const longWaitMs = 5_000;

interface ConnectionStatusProps {
  client: Client;
  room: Room | null;
  /** Whether to name the node: there are several. */
  nodes: boolean;
  /** Whether a move has no verdict yet. */
  isWaiting?: () => boolean;
}

/** The state of the connection, in two or three words. */
export function ConnectionStatus({ client, room, nodes, isWaiting = () => false }: ConnectionStatusProps) {
  useSources(client.onStatus, room?.onStatus ?? null);
  useRedrawInterval(300, room !== null); // no event says that a verdict is late
  const shown = describe(room && !room.ended ? room.status : client.status, nodes, isWaiting());
  const calm = useDelayedStatus(shown);
  return (
    <p class={`line-status is-${calm.tone}`} role="status" data-testid="line-status" data-state={client.status.state}>
      <span class="line-dot" aria-hidden="true" />
      <span>
        {calm.lead && <span class="line-lead">{calm.lead}</span>}
        {calm.text}
      </span>
    </p>
  );
}

function describe(status: RoomStatus, nodes: boolean, waits: boolean): Shown {
  switch (status.state) {
    case 'connecting':
      return { tone: 'wait', text: 'Connecting…' };
    case 'catching-up':
      return { tone: 'wait', text: 'Catching up…' };
    case 'reconnecting':
      return { tone: 'wait', text: 'One moment…' };
    case 'waiting':
      return {
        tone: 'wait',
        text: Date.now() - status.since < longWaitMs ? 'One moment…' : 'The table does not answer',
      };
    case 'refused':
      return { tone: 'bad', text: 'Not let in' };
    case 'closed':
      return { tone: 'bad', text: 'Disconnected' };
    case 'live':
      if (waits) return { tone: 'wait', text: 'One moment…' };
      return nodes ? { tone: 'fine', lead: 'On ', text: status.node } : { tone: 'fine', text: 'Connected' };
  }
}

/** Shows an improvement at once, a deterioration only when it lasts. */
function useDelayedStatus(shown: Shown): Shown {
  const [calm, setCalm] = useState(shown);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(shown), shown.tone === 'wait' ? unnoticeableMs : 0);
    return () => clearTimeout(timer);
  }, [shown.tone, shown.text]);
  return calm;
}
