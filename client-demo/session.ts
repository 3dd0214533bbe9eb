import { connect, type Client } from '../client/index.ts';
import { Cell } from './cell.ts';
import type { Colour } from './colours.ts';
import type { Wish } from './find-room.ts';
import { colourOf, keepColour, keepName, nameOf, settle, storageOf, type Player } from './identity.ts';
import { otherHandOf, tidyName } from './names.ts';
import { readConfig, type Config } from './config.ts';
import { byRoom, go, pathOfPage, readRoute, replaceRoute, type TableRoute } from './route.ts';
import { SeatMemory } from './seat-memory.ts';
import { spread } from './spread.ts';
import { second as secondStorage } from './storage.ts';
import { Toaster } from './status/toaster.ts';
import { Visit } from './visit.ts';
import type { Windows } from './windows.ts';

/** Everything of this window that outlives a screen: the player, the connection, the table they are at. */
export class Session {
  readonly client: Client;
  readonly config = new Cell<Config>({ clustered: false, controlPort: null, lan: null });
  readonly visit = new Cell<Visit | null>(null);
  readonly name: Cell<string>;
  readonly colour: Cell<Colour>;
  readonly seats: SeatMemory;
  readonly toaster = new Toaster();
  /** The server did not know who this was: what they had, they have no more. */
  forgotten = false;
  private other: Client | null = null;

  constructor(readonly player: Player, readonly windows: Windows) {
    settle(player);
    this.name = new Cell(nameOf(player));
    this.colour = new Cell(colourOf(player));
    this.seats = new SeatMemory(storageOf(player));
    this.client = connect(location.origin, { path: pathOfPage(), name: this.name.value, storage: storageOf(player), byRoom: byRoom() });
    this.client.onStatus(status => { if (status.state === 'live') windows.tell({ node: status.node }); });
    this.client.onNewIdentity(() => {
      this.forgotten = true;
      this.seats.forget();
      this.seats.both = null;
      if (readRoute().page === 'home') this.sayForgotten();
    });
    windows.tell({ player });
    void readConfig().then(config => {
      this.config.set(config);
      if (config.clustered && !byRoom()) spread(this.client, windows);
    });
  }

  /** The player of the other seat, for who plays both. Connected when first needed. */
  get otherHand(): Client {
    if (this.other) return this.other;
    const other = connect(location.origin, { path: pathOfPage(), name: otherHandOf(this.name.value), storage: secondStorage, byRoom: byRoom() });
    // Where there are several nodes, the two hands shall be on different ones, unless it is the room that decides.
    let moves = byRoom() ? 0 : 8;
    other.onStatus(status => {
      const { status: mine } = this.client;
      if (this.config.value.clustered && status.state === 'live' && mine.state === 'live' && status.node === mine.node && moves-- > 0) setTimeout(() => other.move(), 0);
    });
    return (this.other = other);
  }

  setName(text: string): void {
    this.name.set(text);
    if (tidyName(text) !== '') keepName(this.player, tidyName(text));
  }

  setColour(colour: Colour): void {
    this.colour.set(colour);
    keepColour(this.player, colour);
  }

  /** Makes the server know the player by the name that stands in the field. */
  async goBy(): Promise<void> {
    const name = tidyName(this.name.value);
    if (name === '') return this.setName(this.client.playerName ?? nameOf(this.player));
    if (name !== this.client.playerName) await this.client.rename(name);
  }

  /** Begins a visit from the home page and shows it, once there is a table. */
  async begin(wish: Wish): Promise<Visit> {
    this.visit.value?.close();
    const visit = new Visit(this, wish);
    this.visit.set(visit);
    await this.goBy();
    await visit.enter();
    if (visit.state.value.at === 'table' && this.visit.value === visit) go(visit.route!);
    return visit;
  }

  /** The visit that an address means: the present one, or a new one. */
  arrive(route: TableRoute): Visit {
    const present = this.visit.value;
    if (present?.isAt(route)) return present;
    present?.close();
    const wish: Wish = route.page === 'code' ? { how: 'code', code: route.code, watch: false } : { how: 'room', id: route.id, watch: route.watch };
    const visit = new Visit(this, wish);
    this.visit.set(visit);
    void this.goBy().then(() => visit.enter()).then(() => {
      if (this.visit.value !== visit || !visit.route) return; // turned away: the words about that say it
      replaceRoute(visit.route);
      if (this.forgotten) this.sayForgotten();
    });
    return visit;
  }

  private sayForgotten(): void {
    this.forgotten = false;
    this.toaster.say('The server does not know you any more: you are a new guest.');
  }

  /** Away from the table; a seat there is kept for a while. */
  goHome(): void {
    this.visit.value?.close();
    this.visit.set(null);
  }
}
