import { RoomError } from '../../../client/room-error.ts';
import type { ActionResult } from '../../../client/outbox.ts';
import type { Room } from '../../../client/room.ts';
import type { Position } from '../../../shared/position.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';
import { difference, sameInOrder } from '../independent-delta.ts';
import { markOf } from '../games.ts';
import type { ReportViolation } from '../journal-checks.ts';
import { Device, Identities, type EnteredRoom } from './device.ts';
import { lifeGames, viewLog, type LifeGame } from './games.ts';
import { isBot, type Ledger, type LifeAction, type Outage } from './ledger.ts';
import { QuickJoins } from './quick-joins.ts';

const names = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus', 'hal', 'ivy', 'jon', 'kit', 'lea'];
/** Refusals by which a quick join must never end: it looks for another room instead. */
const notOfQuick = new Set([
  'kicked',
  'join-refused',
  'room-full',
  'room-started',
  'room-ended',
  'room-missing',
  'reserved',
  'room-quarantined',
  'wrong-game',
]);

/** `enters`: by it the device may get a seat. */
interface Pending {
  what: string;
  device: Device;
  since: number;
  enters?: boolean;
}

/** Everything of one history: the people, their devices, what they asked for, and the rooms as the store has them. */
export class LifeHistory {
  readonly ledgers = new Map<string, Ledger>();
  readonly actions = new Map<string, LifeAction>();
  /** In which seat each action was done. */
  readonly where = new Map<string, string>();
  readonly outages: Outage[] = [];
  readonly devices: Device[] = [];
  readonly identities = new Identities();
  readonly pending = new Set<Pending>();
  /**
   * `player/room` of all that calls gave to a player; and players of whom a call was cut off, so that it is not known.
   */
  readonly obtained = new Set<string>();
  readonly uncertainPlayers = new Set<string>();
  /** `player/room` where the player has left and not come back. */
  readonly gaveUp = new Set<string>();
  /** Seats that devices give up, until that is confirmed: a device goes on trying after `leave` has resolved. */
  readonly leaving = new Set<{ device: Device; room: string }>();
  outage: Outage | null = null;
  /** Nobody does anything any more. */
  over = false;
  /** Virtual ms at which a node or the store last failed. */
  lastFaultAt = -Infinity;
  private readonly counts = new Map<string, number>();
  private readonly quickJoins = new QuickJoins();

  constructor(
    readonly world: TestCluster,
    readonly people: number,
    readonly complain: ReportViolation,
    readonly tell: (line: string) => void,
  ) {}

  get now(): number {
    return this.world.clock.mono();
  }
  get up(): TestNode[] {
    return [...this.world.nodes.values()].filter(h => h.state === 'up');
  }
  name(who: number): string {
    return names[who % this.people]!;
  }

  /** The newest open device of a person; the first one is made when it is needed. */
  device(who: number): Device {
    return this.devices.findLast(d => d.person === this.name(who) && !d.closed) ?? this.newDevice(who);
  }
  newDevice(who: number): Device {
    const person = this.name(who);
    const hosts = [...this.world.nodes.keys()];
    const last = this.devices.findLast(d => d.person === person);
    const device = new Device(
      this.world,
      person,
      `t:${last?.player ?? person}`,
      hosts[(who + this.devices.length) % hosts.length]!,
      this.identities,
      error => this.complain('the client throws nothing into its host', `${person}: ${error.message}`),
    );
    this.devices.push(device);
    return device;
  }
  closeDevice(device: Device): void {
    for (const one of this.pending) if (one.device === device) this.uncertainPlayers.add(device.player);
    for (const { player, id } of device.rooms)
      if (this.gaveUp.has(`${player}/${id}`) && this.ledgers.get(id)?.seatOf(player) !== -1)
        this.gaveUp.delete(`${player}/${id}`);
    device.close();
  }

  /** Remembers a promise of the SDK until it settles. */
  track<T>(what: string, device: Device, promise: Promise<T>, about: Pick<Pending, 'enters'> = {}): Promise<T> {
    const one: Pending = { what, device, since: this.now, ...about };
    this.pending.add(one);
    const settled = () => void this.pending.delete(one);
    promise.then(settled, settled);
    return promise;
  }

  /** Enters a room by a call of the SDK. @returns the room, or null where it was refused */
  async enter(
    what: 'create' | 'quick' | 'join' | 'watch',
    device: Device,
    call: () => Promise<Room>,
    game?: LifeGame,
  ): Promise<Room | null> {
    const [who, since] = [device.player, this.now];
    const quickJoin = what === 'quick' && game ? this.quickJoins.begin(who, game) : null;
    this.tell(`${device.person} asks for ${what}`);
    try {
      const room = await this.track(`${what} of ${device.person}`, device, call(), { enters: what !== 'watch' });
      this.tell(
        `${device.person} is in ${this.short(room.id)} by ${what}${room.seat === null ? '' : `, seat ${room.seat}`}`,
      );
      this.trackRoom(device, room, what === 'watch');
      return room;
    } catch (error) {
      const code = error instanceof RoomError ? error.code : (error as Error).message;
      this.tell(`${device.person} is refused ${what}: ${code}`);
      if (device.closed || who !== device.player) this.uncertainPlayers.add(who).add(device.player);
      // It was admitted, and received messages of the room, before another device of its player took the seat.
      if (code === 'session-replaced')
        for (const id of device.early) if (this.ledgers.get(id)?.seatOf(who) !== -1) device.early.delete(id);
      if (what === 'quick' && notOfQuick.has(code))
        this.complain('a quick join finds a room', `${device.person} was refused: ${code}`);
      return null;
    } finally {
      // a token that was refused meanwhile makes another player
      if (quickJoin?.end(this.now - since)) this.uncertainPlayers.add(who).add(device.player);
    }
  }

  private trackRoom(device: Device, room: Room, watch: boolean): void {
    const { player } = device;
    const held: EnteredRoom = { room, id: room.id, watch, device, player, endedAt: Infinity };
    device.rooms.push(held);
    if (!watch) {
      this.obtained.add(`${player}/${room.id}`);
      this.gaveUp.delete(`${player}/${room.id}`);
    }
    if (this.ledgers.get(room.id)?.at(room.position)?.hidden.banned.includes(player))
      this.complain('who was removed stays out', `${device.person} was let into ${this.short(room.id)}`);
    this.compare(held);
    room.onChange(() => {
      if (!room.ended) this.compare(held);
    });
    room.onEnd(({ code }) => {
      held.endedAt = this.now;
      if (device.open.every(h => h.id !== room.id)) device.admitted.delete(room.id);
      this.tell(`${device.person} is out of ${this.short(room.id)}: ${code}`);
    });
  }

  /** What a client shows is what the journal gives at its place. */
  compare({ room, watch, device, player }: EnteredRoom): void {
    const ledger = this.ledgers.get(room.id);
    const doc = ledger?.at(room.position);
    if (!ledger || !doc)
      return this.complain(
        'nobody sees what is not durable',
        `${device.person} is at ${room.position.join('/')} of ${this.short(room.id)}, which is no entry`,
      );
    const seat = watch ? -1 : doc.hidden.seats.findIndex(s => s?.player === player);
    const { state } = doc;
    const shown = state && ledger.game.hides ? viewLog(state, seat < 0 ? null : seat) : state;
    if (!sameInOrder(room.info, doc.room))
      this.complain(
        'one history',
        `${device.person} at ${room.position[1]} of ${this.short(room.id)} shows another room: ${difference(room.info, doc.room)}`,
      );
    else if (!sameInOrder(room.state, shown))
      this.complain(
        'one history',
        `${device.person} at ${room.position[1]} of ${this.short(room.id)} shows another state: ${difference(room.state, shown)}`,
      );
  }

  /** Acts in a room, and judges the answer. `data`: what goes along with the action's id. */
  act(held: EnteredRoom, how: string, data: Record<string, unknown> = {}): void {
    const { room, device } = held;
    const player = device.player;
    const letter = String.fromCharCode(97 + names.indexOf(device.person));
    const n = this.counts.get(letter) ?? 0;
    this.counts.set(letter, n + 1);
    const one: LifeAction = { id: markOf(`${letter}${n}`), player, room: room.id, how, verdict: null, code: '' };
    this.actions.set(one.id, one);
    this.tell(`${device.person} asks ${how} ${one.id} of ${this.short(room.id)}`);
    const asked = (room.act as unknown as Record<string, (data: unknown) => Promise<ActionResult>>)[how]!({
      id: one.id,
      ...data,
    });
    void this.track(`${how} ${one.id} of ${device.person}`, device, asked).then(
      said => {
        this.tell(`${device.person} hears of ${one.id}: ${said.ok ? 'accepted' : said.code}`);
        this.answered(one, said);
      },
      (error: Error) =>
        this.complain('an action settles once and never throws', `${one.id} (${how}): ${error.message}`),
    );
  }

  private answered(one: LifeAction, said: ActionResult): void {
    one.verdict = said.ok ? 'accepted' : said.code === 'unknown' ? 'unknown' : 'refused';
    one.code = said.ok ? '' : said.code;
    const done = this.where.has(one.id);
    if (said.ok && !done) this.complain('exactly once', `${one.id} was accepted, and is not done`);
    if (one.verdict === 'refused' && done)
      this.complain('exactly once', `${one.id} was refused (${one.code}), and is done`);
    if (one.code === 'rule-failed' && one.how !== 'crash' && one.how !== 'odd')
      this.complain('values', `${one.id} (${one.how}) failed: ${(said as { detail?: string }).detail ?? ''}`);
  }

  isAsking(device: Device): boolean {
    return [...this.pending].some(one => one.device === device);
  }
  /** Rooms that the store has, and that a player could enter. */
  get openLedgers(): Ledger[] {
    return [...this.ledgers.values()].filter(l => !l.removed && !l.isClosed);
  }
  gameOf(draw: number): LifeGame {
    return lifeGames[Math.floor(draw * lifeGames.length)]!;
  }
  /** Whether nothing is wrong with nodes and store, and has not been for a while. */
  get calm(): boolean {
    return this.outage === null && this.now - this.lastFaultAt > 6_000 && this.up.length === this.world.nodes.size;
  }
  disturb(): void {
    this.lastFaultAt = this.now;
    for (const device of this.devices) device.early.clear();
  }
  /** Devices by which a player sits in a room now. */
  sitting(player: string, room: string): Device[] {
    return this.devices.filter(
      d => d.online && d.player === player && d.rooms.some(h => h.id === room && !h.watch && h.room.ended === null),
    );
  }
  short(room: string): string {
    return `${this.ledgers.get(room)?.game.name ?? 'room'} ${room.slice(0, 4)}`;
  }
  place([term, seq]: Position): string {
    return `${term % 1000}/${seq}`;
  }
  isBot(player: string): boolean {
    return isBot(player);
  }
}
