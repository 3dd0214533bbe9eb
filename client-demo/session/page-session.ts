import { connect, type Client } from '../../client/index.ts';
import { Cell } from '../common/cell.ts';
import type { Color } from '../common/colors.ts';
import type { RoomRequest } from './find-room.ts';
import {
  colorOf,
  saveColor,
  saveName,
  nameOf,
  rememberWindowPlayer,
  storageOf,
  type WindowPlayer,
} from './identity.ts';
import { otherHandName, normalizePlayerName } from './names.ts';
import { readConfig, type Config } from './config.ts';
import { byRoom, go, pathOfPage, readRoute, replaceRoute, type TableRoute } from './route.ts';
import { SeatMemory } from './seat-memory.ts';
import { spreadOverNodes } from './spread-over-nodes.ts';
import { second as secondStorage } from '../common/storage.ts';
import { Toaster } from '../status/toaster.ts';
import { Visit } from './visit.ts';
import type { Windows } from './windows.ts';

/** State of this window that outlives a screen: player, connection, current visit. */
export class PageSession {
  readonly client: Client;
  readonly config = new Cell<Config>({ clustered: false, controlPort: null, lan: null });
  readonly visit = new Cell<Visit | null>(null);
  readonly name: Cell<string>;
  readonly color: Cell<Color>;
  readonly seats: SeatMemory;
  readonly toaster = new Toaster();
  /** The stored identity was refused: its seats are lost. */
  identityLost = false;
  private otherClient: Client | null = null;

  constructor(
    readonly player: WindowPlayer,
    readonly windows: Windows,
  ) {
    rememberWindowPlayer(player);
    this.name = new Cell(nameOf(player));
    this.color = new Cell(colorOf(player));
    this.seats = new SeatMemory(storageOf(player));
    this.client = connect(location.origin, {
      path: pathOfPage(),
      name: this.name.value,
      storage: storageOf(player),
      byRoom: byRoom(),
    });
    this.client.onStatus(status => {
      if (status.state === 'live') windows.announce({ node: status.node });
    });
    this.client.onNewIdentity(() => {
      this.identityLost = true;
      this.seats.forget();
      this.seats.both = null;
      if (readRoute().page === 'home') this.announceIdentityLost();
    });
    windows.announce({ player });
    void readConfig().then(config => {
      this.config.set(config);
      if (config.clustered && !byRoom()) spreadOverNodes(this.client, windows);
    });
  }

  /** The client of the second seat if one visitor plays both. Created when first used. */
  get otherHand(): Client {
    if (this.otherClient) return this.otherClient;
    const other = connect(location.origin, {
      path: pathOfPage(),
      name: otherHandName(this.name.value),
      storage: secondStorage,
      byRoom: byRoom(),
    });
    // Where there are several nodes, the two hands shall be on different ones, unless it is the room that decides.
    let moves = byRoom() ? 0 : 8;
    other.onStatus(status => {
      const { status: mine } = this.client;
      if (
        this.config.value.clustered &&
        status.state === 'live' &&
        mine.state === 'live' &&
        status.node === mine.node &&
        moves-- > 0
      )
        setTimeout(() => other.move(), 0);
    });
    return (this.otherClient = other);
  }

  setName(text: string): void {
    this.name.set(text);
    if (normalizePlayerName(text) !== '') saveName(this.player, normalizePlayerName(text));
  }

  setColor(colour: Color): void {
    this.color.set(colour);
    saveColor(this.player, colour);
  }

  /** Sends the name in the field to the server. */
  async applyName(): Promise<void> {
    const name = normalizePlayerName(this.name.value);
    if (name === '') return this.setName(this.client.playerName ?? nameOf(this.player));
    if (name !== this.client.playerName) await this.client.rename(name);
  }

  /** Begins a visit from the home page and shows it once there is a room. */
  async enterRoom(wish: RoomRequest): Promise<Visit> {
    this.visit.value?.close();
    const visit = new Visit(this, wish);
    this.visit.set(visit);
    await this.applyName();
    await visit.enter();
    if (visit.state.value.at === 'table' && this.visit.value === visit) go(visit.route!);
    return visit;
  }

  /** The visit that an address means: the present one, or a new one. */
  openRoute(route: TableRoute): Visit {
    const present = this.visit.value;
    if (present?.isAt(route)) return present;
    present?.close();
    const wish: RoomRequest =
      route.page === 'code'
        ? { how: 'code', code: route.code, watch: false }
        : { how: 'room', id: route.id, watch: route.watch };
    const visit = new Visit(this, wish);
    this.visit.set(visit);
    void this.applyName()
      .then(() => visit.enter())
      .then(() => {
        if (this.visit.value !== visit || !visit.route) return; // turned away: the words about that say it
        replaceRoute(visit.route);
        if (this.identityLost) this.announceIdentityLost();
      });
    return visit;
  }

  private announceIdentityLost(): void {
    this.identityLost = false;
    this.toaster.show('The server does not know you any more: you are a new guest.');
  }

  /** Leaves the page of the room; the seat is held for a while. */
  goHome(): void {
    this.visit.value?.close();
    this.visit.set(null);
  }
}
