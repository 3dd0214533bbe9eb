import type { Device, EnteredRoom } from './device.ts';
import type { Ledger } from './ledger.ts';
import type { LifeHistory } from './life.ts';
import { insideStore, nonEmptyParts } from '../stored-rooms.ts';

/** How long (virtual ms) everything may take to come to rest once nothing is wrong any more. */
const within = 25_000;
/** A timer may be this late: any node wakes a sleeping room within this time. */
const late = 3_000;

/** How many matches of a room are kept; from when, and until when (virtual ms) after the end. */
const recorded = { matches: 8, after: 3_000, until: 23 * 3_600_000 };

/** Waits until all that was asked is answered and everybody sees the same; says what is not so otherwise. */
export async function waitUntilQuiescent(life: LifeHistory): Promise<void> {
  let why = '';
  await life.world.clock
    .waitUntil('rest', () => (why = describeUnrest(life)) === '', within)
    .catch(() => {
      const [rule, ...what] = why.split(': ');
      life.complain(rule!, what.join(': '));
    });
}

/** Why the world is not at rest, as `rule: what was seen`; '' if it is. */
export function describeUnrest(life: LifeHistory): string {
  for (const { what, device } of life.pending)
    if (device.online || device.closed || device.client.status.state === 'refused')
      return `every promise settles: ${what} is not answered`;
  for (const device of life.devices) {
    if (device.client.status.state === 'refused' && device.open.length > 0)
      return `rooms end when the client is refused: ${device.person} is refused, and in ${life.short(device.open[0]!.id)}`;
    if (!device.online) continue;
    if (device.client.status.state !== 'live')
      return `clients come back: ${device.person} is ${JSON.stringify(device.client.status)}`;
    for (const held of device.open) {
      const ledger = life.ledgers.get(held.id)!;
      const wrong = standing(life, held, ledger);
      if (wrong) return wrong;
    }
    for (const room of device.early)
      if (!device.admitted.has(room))
        return `nothing reaches who is not admitted: ${device.person} was told of ${life.short(room)}`;
  }
  for (const ledger of life.openLedgers) {
    if (!alive(life, ledger)) {
      ledger.removed = true;
      continue;
    }
    const wrong = presence(life, ledger) || overdue(life, ledger) || seats(life, ledger) || recordings(life, ledger);
    if (wrong) return wrong;
  }
  return '';
}

function standing(life: LifeHistory, { room, device, watch, player }: EnteredRoom, ledger: Ledger): string {
  if (ledger.removed || ledger.isClosed)
    return `clients learn of an end: ${device.person} shows ${life.short(room.id)}, which is gone`;
  if (!room.live)
    return `clients come back: ${device.person} is not live in ${life.short(room.id)}: ${JSON.stringify(room.status)}`;
  if (room.position[0] !== ledger.head[0] || room.position[1] !== ledger.head[1])
    return `all see the same: ${device.person} is at ${life.place(room.position)} of ${life.short(room.id)}, the journal at ${life.place(ledger.head)}`;
  const off = room.now() - life.world.clock.now();
  if (Math.abs(off) > 2_500)
    return `room.now() is right: ${device.person} is off by ${Math.round(off)} ms in ${life.short(room.id)}`;
  if (!watch && ledger.seatOf(device.player) < 0)
    return `clients learn of an end: ${device.person} has no seat in ${life.short(room.id)}, and its room is open`;
  if (!watch && room.seat !== ledger.seatOf(player))
    return `room.seat: ${device.person} shows seat ${room.seat} of ${life.short(room.id)}, and has ${ledger.seatOf(player)}`;
  if (!watch && player !== device.player)
    return `clients learn of an end: ${device.person} is another player than the one who took the seat in ${life.short(room.id)}`;
  return '';
}

/**
 * A room lives as long as something is due in it, a seat is held, or somebody is there. Its end is known from then on.
 */
function alive(life: LifeHistory, ledger: Ledger): boolean {
  const { rooms } = insideStore(life.world).table;
  const kept = rooms.get(ledger.id);
  if (kept && kept.expires > life.world.clock.now()) return true;
  const { timers, seats } = ledger.doc.hidden;
  const waiting = Object.keys(timers).filter(name => name !== '$effects');
  const present = seats.flatMap(s => (s && life.sitting(s.player, ledger.id).length > 0 ? [s.player] : []));
  if (waiting.length > 0 && seats.some(s => s && !life.isBot(s.player)))
    life.complain(
      'a room lives until its next deadline',
      `${life.short(ledger.id)} is gone, and ${waiting.join(', ')} had not fired`,
    );
  else if (present.length > 0)
    life.complain(
      'a room lives while somebody is there',
      `${life.short(ledger.id)} is gone, and ${present.join(', ')} sat in it`,
    );
  return false;
}

/** Also of rooms whose owner died with everybody who was in them. */
function presence(life: LifeHistory, ledger: Ledger): string {
  for (const [i, seat] of ledger.doc.hidden.seats.entries()) {
    if (!seat || life.isBot(seat.player)) continue;
    const shown = ledger.doc.room.seats[i]!;
    const here = life.sitting(seat.player, ledger.id).length > 0;
    if (shown.here !== here)
      return `presence: ${seat.player} ${here ? 'is there' : 'is not there'}, and ${life.short(ledger.id)} says otherwise`;
  }
  return '';
}

function overdue(life: LifeHistory, ledger: Ledger): string {
  for (const [name, { at }] of Object.entries(ledger.doc.hidden.timers))
    if (at < life.world.clock.now() - late)
      return `timers: ${name} of ${life.short(ledger.id)} has been due for ${life.world.clock.now() - at} ms`;
  return '';
}

/** The last matches of a room that a node runs are recorded. */
function recordings(life: LifeHistory, ledger: Ledger): string {
  if (ledger.game.def.replay !== true || !life.up.some(host => host.owns(ledger.id))) return '';
  const { replays } = insideStore(life.world);
  for (const [match, at] of [...ledger.endedAt].slice(-recorded.matches)) {
    const ago = life.now - at;
    if (ago > recorded.after && ago < recorded.until && !replays.has(`${ledger.id}/${match}`))
      return `matches are recorded: there is no recording of match ${match} of ${life.short(ledger.id)}`;
  }
  return '';
}

/** Whoever has a seat was given it by a call, and has not left since. */
function seats(life: LifeHistory, ledger: Ledger): string {
  for (const seat of ledger.doc.hidden.seats) {
    if (!seat || life.isBot(seat.player) || life.uncertainPlayers.has(seat.player)) continue;
    const key = `${seat.player}/${ledger.id}`;
    // Without a network a device does not hear of a seat that its call got, nor does the server hear that it gives one
    // up.
    const isUnheard = ({ device }: { device: Device }) => !device.online && device.player === seat.player;
    const mayEnter = [...life.pending].some(one => one.enters && isUnheard(one));
    if (!life.obtained.has(key) && !mayEnter)
      return `one call, one room: ${seat.player} has a seat in ${life.short(ledger.id)}, which no call gave`;
    if (life.gaveUp.has(key) && !mayEnter && ![...life.leaving].some(one => one.room === ledger.id && isUnheard(one)))
      return `leaving gives the seat up: ${seat.player} left ${life.short(ledger.id)}, and has a seat there`;
  }
  return '';
}

/** After the life of the last room nothing is left in the store, nor in the nodes. */
export function findLeftovers(life: LifeHistory): string[] {
  return [
    ...nonEmptyParts(life.world),
    ...life.up.flatMap(({ name, node }) =>
      node.ownedRooms.size > 0 ? [`${node.ownedRooms.size} rooms at ${name}`] : [],
    ),
  ];
}
