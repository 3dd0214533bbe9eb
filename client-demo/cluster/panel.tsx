import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useCell, useSources } from '../common/cell.ts';
import type { PageSession } from '../session/page-session.ts';
import { onThisMachine } from '../session/config.ts';
import { ClusterControl, type ControlledNode, type NodeCommand } from './cluster-control.ts';
import { Disturbances } from './disturbances.tsx';
import { Journal } from './journal.tsx';
import { ClusterMap } from './cluster-map.tsx';
import { health, NodeCard } from './node-card.tsx';
import { panelOpen } from './panel-open.ts';
import { RoomProbe, type ClusterInspection } from './room-probe.ts';

const nodeCommands: Record<NodeCommand, { what: string; atLeast: number }> = {
  kill: { what: 'killed', atLeast: 3_000 },
  freeze: { what: 'frozen for 5 s', atLeast: 7_000 },
  restart: { what: 'restarted', atLeast: 3_000 },
  drain: { what: 'drained', atLeast: 3_000 },
};

/** Shows the cluster behind a room: nodes, owner, connections of its players; and the controls that disturb it. */
export function ClusterPanel({
  session,
  room,
  waiting: startRequest,
}: {
  session: PageSession;
  room: Room;
  waiting: () => () => void;
}) {
  const { client } = session;
  useSources(room.onChange, client.onStatus);
  const { controlPort } = useCell(session.config);
  const pulse = useMemo(() => new RoomProbe(client, room, startRequest), [client, room]);
  useEffect(() => {
    void pulse.run();
    return () => pulse.stop();
  }, [pulse]);
  const seen = useCell(pulse.inspection);
  const owner = seen && seen.term >= room.term ? seen.owner : null;
  const disturbances = useCell(pulse.disturbances);
  const { control, nodes, refresh } = useControl(controlPort, seen);

  function disturb(name: string, deed: NodeCommand): void {
    if (!control) return;
    const { what, atLeast } = nodeCommands[deed];
    void pulse.runDisturbance(
      `${name} ${what}${owner === name ? ' (it ran this table)' : ''}`,
      () => control.disturb(name, deed).finally(refresh),
      atLeast,
    );
    refresh();
  }

  const names = [...new Set([...(seen?.nodes ?? []).map(n => n.name), ...nodes.map(n => n.name)])].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const stateOf = (name: string) => nodes.find(n => n.name === name)?.state ?? null;
  const here = client.status.state === 'live' ? client.status.node : null;
  const stops = names.map(name => ({
    name,
    how: health(currentNode(seen, name), stateOf(name)),
    owner: owner === name,
  }));
  return (
    <aside class="panel" aria-label="The cluster" data-testid="cluster-panel">
      <header class="panel-head">
        <h2>The cluster</h2>
        <button type="button" class="button is-small panel-close" onClick={() => panelOpen.set(false)}>
          Close
        </button>
      </header>
      <ClusterMap room={room} stops={stops} members={seen?.members ?? []} />
      <Journal room={room} />
      {control && <Disturbances list={disturbances} />}
      <dl class="facts">
        <Fact name="you are on" value={here ?? '…'} id="fact-node" />
        <Fact name="table run by" value={owner ?? '…'} id="fact-owner" />
        <Fact name="term" value={shortTerm(room.term)} id="fact-term" />
        <Fact name="entry" value={String(room.position[1])} id="fact-seq" />
        <Fact name="round trip" value={client.rtt === null ? '…' : `${client.rtt} ms`} id="fact-rtt" />
        <Fact name="connected" value={seen ? String(seen.members.length) : '…'} id="fact-members" />
      </dl>
      <ul class="nodes">
        {stops.map(({ name, how, owner }) => (
          <NodeCard
            key={name}
            name={name}
            room={room}
            seen={currentNode(seen, name)}
            how={how}
            owner={owner}
            here={here === name}
            members={seen?.members.filter(m => m.node === name) ?? []}
            onCommand={control ? deed => disturb(name, deed) : null}
          />
        ))}
      </ul>
      <div class="row">
        <button type="button" class="button is-small" onClick={() => client.move()}>
          Move me to another node
        </button>
        {control && (
          <button
            type="button"
            class="button is-small"
            onClick={() => void pulse.runDisturbance('a node added', () => control.addNode().finally(refresh), 1_000)}
          >
            Add a node
          </button>
        )}
      </div>
      {!control && controlPort !== null && onThisMachine() && (
        <p class="quiet" data-testid="control-hint">
          To kill and freeze nodes, open the link that <code>npm run cluster</code> printed as <i>Control</i>.
        </p>
      )}
    </aside>
  );
}

/** After a restart a node is listed twice for a while, dead and alive: the live one. */
const currentNode = (seen: ClusterInspection | null, name: string): ClusterInspection['nodes'][number] | null =>
  seen?.nodes.filter(n => n.name === name).sort((a, b) => Number(b.alive) - Number(a.alive))[0] ?? null;

/** Terms are large numbers; only the end is shown. */
const shortTerm = (term: number): string => (term < 1e6 ? String(term) : `…${String(term).slice(-5)}`);

function Fact({ name, value, id }: { name: string; value: string; id: string }) {
  return (
    <div class={`fact ${id}`}>
      <dt>{name}</dt>
      <dd data-testid={id}>{value}</dd>
    </div>
  );
}

/** The launcher's control, if this page may use it, and its report on the nodes. */
function useControl(
  port: number | null,
  seen: unknown,
): { control: ClusterControl | null; nodes: readonly ControlledNode[]; refresh: () => void } {
  const [control, setControl] = useState<ClusterControl | null>(null);
  const [nodes, setNodes] = useState<readonly ControlledNode[]>([]);
  useEffect(() => void ClusterControl.find(port).then(setControl), [port]);
  const refresh = () => void control?.nodes().then(setNodes, () => setNodes([]));
  useEffect(refresh, [control, seen]);
  return { control, nodes, refresh };
}
