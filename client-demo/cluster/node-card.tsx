import type { Room } from '../../client/index.ts';
import { SeatToken } from '../games/common/seat-token.tsx';
import type { NodeCommand } from './cluster-control.ts';
import type { ClusterInspection } from './room-probe.ts';

interface NodeCardProps {
  name: string;
  room: Room;
  seen: ClusterInspection['nodes'][number] | null;
  how: string;
  owner: boolean;
  here: boolean;
  members: ClusterInspection['members'];
  /** Null if this page may not control the cluster. */
  onCommand: ((deed: NodeCommand) => void) | null;
}

const labels: [NodeCommand, string][] = [
  ['kill', 'Kill'],
  ['freeze', 'Freeze 5 s'],
  ['restart', 'Restart'],
  ['drain', 'Drain'],
];

/** One node: how it is, what it carries, and which players of this table are connected to it. */
export function NodeCard({ name, room, seen, how, owner, here, members, onCommand }: NodeCardProps) {
  const seats = room.info.seats.flatMap((seat, i) => (seat && members.some(m => m.player === seat.player) ? [i] : []));
  return (
    <li
      class={`node is-${how} ${owner ? 'is-owner' : ''}`}
      data-testid={`node-${name}`}
      data-owner={owner}
      data-health={how}
    >
      <div class="node-head">
        <h3>{name}</h3>
        {owner && <span class="badge is-owner">runs this table</span>}
        {here && <span class="badge">you</span>}
        {how !== 'up' && <span class="badge is-bad">{how}</span>}
        <div class="node-load">
          <span>{load(how, seen)}</span>
          <span class="node-players">
            {seats.map(i => (
              <span key={i} title={room.info.seats[i]!.name}>
                <SeatToken seat={i} />
              </span>
            ))}
          </span>
        </div>
      </div>
      {onCommand && (
        <div class="deeds" role="group" aria-label={`Disturb ${name}`}>
          {labels.map(([deed, label]) => (
            <button
              key={deed}
              type="button"
              class="deed"
              disabled={!isCommandAvailable(deed, how)}
              onClick={() => onCommand(deed)}
              aria-label={`${label} ${name}`}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </li>
  );
}

/** Load of a node; empty once it is gone. */
function load(how: string, seen: ClusterInspection['nodes'][number] | null): string {
  switch (how) {
    case 'down':
      return 'not running';
    case 'dead':
      return 'no sign of life';
    case 'starting':
      return 'on its way';
    default:
      return `${count(seen?.rooms ?? 0, 'table')}, ${count(seen?.sockets ?? 0, 'connection')}`;
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** @param state the launcher's report on its process; null if there is none */
export function health(seen: ClusterInspection['nodes'][number] | null, state: string | null): string {
  if (state !== null && state !== 'up') return state;
  if (seen === null) return state === 'up' ? 'up' : 'unknown';
  return !seen.alive ? 'dead' : seen.draining ? 'draining' : 'up';
}

function isCommandAvailable(deed: NodeCommand, how: string): boolean {
  switch (deed) {
    case 'restart':
      return how === 'down' || how === 'dead' || how === 'up';
    case 'kill':
      return how !== 'down' && how !== 'dead';
    case 'freeze':
    case 'drain':
      return how === 'up';
  }
}
