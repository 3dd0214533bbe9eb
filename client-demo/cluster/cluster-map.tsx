import { useEffect, useRef, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { Disc } from '../games/common/disc.tsx';
import type { ClusterInspection } from './room-probe.ts';

/** A node as the map draws it. */
export interface MapNode {
  name: string;
  how: string;
  owner: boolean;
}
interface MapPlayer {
  seat: number;
  node: string;
  name: string;
  mine: boolean;
}
interface Point {
  x: number;
  y: number;
}

const wide = 328;
/** Players above, nodes between, the journal below. */
const rows = { guests: 18, nodes: 86, journal: 150, tall: 164 };
/** Minimum time between two pulses, ms. */
const minPulseIntervalMs = 450;

/**
 * Draws the cluster: connections, the room's owner, and each entry on its way to the journal and then to the members.
 * Screen readers use the list of nodes instead.
 */
export function ClusterMap({
  room,
  stops,
  members,
}: {
  room: Room;
  stops: readonly MapNode[];
  members: ClusterInspection['members'];
}) {
  const guests = mapPlayers(room, stops, members);
  const node = spaceEvenly(stops.length, rows.nodes, wide / Math.max(stops.length, 1));
  const guest = spaceEvenly(guests.length, rows.guests, Math.min(40, (wide - 24) / Math.max(guests.length, 1)));
  const at = (name: string): Point | undefined => node[stops.findIndex(stop => stop.name === name)];
  const owner = stops.find(stop => stop.owner);
  const ownerAt = owner && at(owner.name);
  const box = { w: Math.min(84, wide / Math.max(stops.length, 1) - 8), h: 38 };
  const beat = useEntryPulse(room);
  return (
    <svg class="map" viewBox={`0 0 ${wide} ${rows.tall}`} aria-hidden="true" data-testid="cluster-map">
      {ownerAt && <path class="map-line is-journal" d={line(ownerAt, { x: wide / 2, y: rows.journal })} />}
      {guests.map(({ node: name }, i) => at(name) && <path key={i} class="map-line" d={line(guest[i]!, at(name)!)} />)}
      {ownerAt &&
        forwardingNodes(guests, owner.name).map(name => (
          <path key={name} class="map-line is-forward" d={arcBelow(at(name)!, ownerAt, box.h)} />
        ))}
      <g class="map-journal" style={{ transform: `translate(${wide / 2}px, ${rows.journal}px)` }}>
        <rect x={-54} y={-11} width={108} height={22} rx={11} />
        <text y={4}>journal in Redis</text>
      </g>
      {ownerAt && beat > 0 && (
        <g key={beat}>
          <circle class="map-pulse is-down" r={4.5} style={route(line(ownerAt, { x: wide / 2, y: rows.journal }))} />
          {guests.map(
            ({ node: name }, i) =>
              at(name) && <circle key={i} class="map-pulse is-up" r={3.5} style={route(line(at(name)!, guest[i]!))} />,
          )}
        </g>
      )}
      {stops.map(({ name, how, owner }, i) => (
        <g
          key={name}
          class={`map-node is-${how} ${owner ? 'is-owner' : ''}`}
          style={{ transform: `translate(${node[i]!.x}px, ${node[i]!.y}px)` }}
        >
          <rect x={-box.w / 2} y={-box.h / 2} width={box.w} height={box.h} rx={11} />
          <text y={how === 'up' && !owner ? 4 : -2}>{shortName(name, stops.length)}</text>
          {(how !== 'up' || owner) && (
            <text class="map-note" y={12}>
              {how !== 'up' ? how : box.w < 76 ? 'table' : 'runs this table'}
            </text>
          )}
        </g>
      ))}
      {guests.map(({ seat, name, mine }, i) => (
        <g key={seat} style={{ transform: `translate(${guest[i]!.x}px, ${guest[i]!.y}px)` }} class="map-guest">
          <title>{name}</title>
          {mine && <circle class="map-mine" r={15} />}
          <g transform="scale(.26)">
            <Disc seat={seat} x={0} y={0} />
          </g>
        </g>
      ))}
    </svg>
  );
}

/** Connected players in the order of their nodes, so that lines do not cross. */
function mapPlayers(room: Room, stops: readonly MapNode[], members: ClusterInspection['members']): MapPlayer[] {
  const order = (name: string) => stops.findIndex(stop => stop.name === name);
  const seated = room.info.seats.flatMap((one, seat): MapPlayer[] => {
    // Of two windows of one player the newer has the seat.
    const node = one && members.findLast(({ player }) => player === one.player)?.node;
    return node === null || node === undefined ? [] : [{ seat, node, name: one!.name, mine: seat === room.seat }];
  });
  return seated.filter(({ node }) => order(node) >= 0).sort((a, b) => order(a.node) - order(b.node) || a.seat - b.seat);
}

/** Nodes other than the owner to which members are connected. */
const forwardingNodes = (guests: readonly MapPlayer[], owner: string): string[] =>
  [...new Set(guests.map(guest => guest.node))].filter(name => name !== owner);

const spaceEvenly = (count: number, y: number, step: number): Point[] =>
  Array.from({ length: count }, (_, i) => ({ x: wide / 2 + (i - (count - 1) / 2) * step, y }));

const line = (a: Point, b: Point): string =>
  `M${a.x} ${a.y}C${a.x} ${(a.y + b.y) / 2} ${b.x} ${(a.y + b.y) / 2} ${b.x} ${b.y}`;
/** From one node to another, below both. */
const arcBelow = (a: Point, b: Point, high: number): string =>
  `M${a.x} ${a.y + high / 2}C${a.x} ${a.y + high / 2 + 20} ${b.x} ${b.y + high / 2 + 20} ${b.x} ${b.y + high / 2}`;
const route = (path: string): { offsetPath: string } => ({ offsetPath: `path("${path}")` });

/** With many nodes side by side only the number is shown. */
const shortName = (name: string, count: number): string =>
  count > 5 ? (/\d+$/.exec(name)?.[0] ?? name.slice(0, 4)) : name;

/** Counts the entries that are shown as pulses. */
function useEntryPulse(room: Room): number {
  const [beat, setBeat] = useState(0);
  const last = useRef({ place: room.position.join(), at: 0 });
  useEffect(
    () =>
      room.onChange(() => {
        const place = room.position.join();
        const now = performance.now();
        if (place === last.current.place || now - last.current.at < minPulseIntervalMs) return;
        last.current = { place, at: now };
        setBeat(n => n + 1);
      }),
    [room],
  );
  return beat;
}
