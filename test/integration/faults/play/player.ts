import { connect, RoomError, type Client, type Room } from '../../../../client/index.ts';
import type { ContractDef } from '../../../../shared/contract.ts';
import { hashOf } from '../canonical.ts';
import { clock, type Records } from '../records.ts';
import { InspectingTransport } from './inspecting-transport.ts';
import type { PlayMeter } from './play-meter.ts';

/** What all players of a process share. */
export interface PlayerParts {
  url: string;
  records: Records;
  meter: PlayMeter;
  random(): number;
}
type AnyRoom = Room<never>;
/** Any game's contract. */
export interface AnyContract {
  readonly name: string;
  readonly def: ContractDef;
}
/** How often at most (ms) the view of a game that changes with each tick is written down. */
const viewsApart = 200;

/**
 * One player: a client of the SDK from an address of its own, that writes down what it asked, what it was told, and
 * what it saw. Its lines of record, each with the time first:
 *
 *     held     session, player, watch     a join was answered
 *     asked    player's id, k, name, id   the k-th action of this client, and the id that the ledger knows it by
 *     told     id, k, term, seq           accepted;  or  id, k, null, seq or null, code
 *     saw      id, term, seq, hash        the whole of its view, at an entry
 *     moved    id                         the same, of a game with a tick, without the hash
 *     resumed  id, with, lost
 *     ended    id, code                   the hold on the room is over
 *     rests    id, term, seq              where it is when all play has been over for a while
 *     closed   id                         it went
 *     leaked   id, owner, where           another's secret stood in what arrived
 */
export class Player {
  readonly client: Client;
  readonly ears: InspectingTransport;
  room: AnyRoom | null = null;
  private k = 0;
  private pending = 0;
  private closed = false;
  private token: string | null = null;

  /** @param id unique in the run; of one client, so that a player that starts anew has another one */
  constructor(
    readonly id: string,
    private readonly parts: PlayerParts,
    readonly address: string,
    token: string | null = null,
  ) {
    this.ears = new InspectingTransport(parts.url, address, id.replace(/_.*$/, ''), {
      onHold: (room, session, watch) => this.put(room, 'held', this.id, session, this.client.player, watch),
      onLeak: (room, owner, where) => this.put(room, 'leaked', this.id, owner, where),
    });
    this.token = token;
    this.client = connect(parts.url, {
      transport: this.ears,
      name: id,
      storage: {
        getItem: () => this.token,
        setItem: (_key, value) => {
          this.token = value;
        },
        removeItem: () => {
          this.token = null;
        },
      },
    });
  }

  /** Whoever starts anew with it is the same player. */
  get identity(): string | null {
    return this.token;
  }
  get waiting(): number {
    return this.pending;
  }
  get playing(): boolean {
    return this.room !== null && this.room.ended === null;
  }

  async make(game: AnyContract, options: object = {}): Promise<string> {
    this.hold(
      (await this.client.create(game as never, {
        private: true,
        ...(Object.keys(options).length > 0 ? { options: options as never } : {}),
      })) as unknown as AnyRoom,
      game,
    );
    return this.room!.id;
  }
  async sit(game: AnyContract, id: string): Promise<void> {
    this.hold((await this.client.join(game as never, { id })) as unknown as AnyRoom, game);
  }
  async watch(game: AnyContract, id: string): Promise<void> {
    this.hold((await this.client.watch(game as never, { id })) as unknown as AnyRoom, game);
  }

  /** An action of the game. Settles once, with what the client was told. */
  act(name: string, data: object = {}): Promise<{ ok: boolean; code?: string }> {
    return this.ask(name, (data as { id?: string }).id ?? null, room =>
      (room.act as unknown as Record<string, (d: object) => Promise<Said>>)[name]!(data),
    );
  }
  /** An action of the engine: to begin, to play again. */
  engine(name: '$start' | '$rematch'): Promise<{ ok: boolean; code?: string }> {
    return this.ask(name, null, room => (name === '$start' ? room.start() : room.rematch()) as Promise<Said>);
  }

  /** Goes without a word, as a phone that is switched off. */
  close(): void {
    if (this.room) this.put(this.room.id, 'closed', this.id);
    this.closed = true;
    this.client.close();
  }
  /** Says where it is. */
  rest(): void {
    if (this.playing) this.put(this.room!.id, 'rests', this.id, this.room!.position[0], this.room!.position[1]);
  }

  private async ask(name: string, id: string | null, how: (room: AnyRoom) => Promise<Said>): Promise<Said> {
    const room = this.room!;
    const k = ++this.k;
    this.pending += 1;
    this.put(room.id, 'asked', this.id, k, name, id);
    this.parts.meter.recordRequest();
    const said = await how(room);
    this.pending -= 1;
    if (said.ok) this.put(room.id, 'told', this.id, k, said.position![0], said.position![1]);
    else this.put(room.id, 'told', this.id, k, null, said.position?.[1] ?? null, said.code);
    this.parts.meter.recordAnswer(room.id, said.ok, said.ok ? '' : said.code!);
    return said;
  }

  private hold(room: AnyRoom, game: AnyContract): void {
    this.room = room;
    const ticks = game.def.tick !== undefined;
    let last = '';
    let wrote = 0;
    const look = () => {
      const { position } = room;
      const key = `${position[0]} ${position[1]}`;
      // Motion between entries changes the view and not its place: what is seen at a place is what is there when it is
      // reached.
      if (key === last || room.ended) return;
      last = key;
      const now = clock();
      this.parts.meter.recordProgress(room.id);
      if (ticks && now - wrote < viewsApart) return this.put(room.id, 'moved', this.id);
      wrote = now;
      this.put(room.id, 'saw', this.id, position[0], position[1], hashOf({ room: room.info, state: room.state }));
    };
    look();
    room.onChange(look);
    room.onResume(({ with: how, lost }) => {
      this.put(room.id, 'resumed', this.id, how, lost);
      this.parts.meter.resumed(lost);
    });
    room.onEnd(refusal => {
      if (!this.closed) this.put(room.id, 'ended', this.id, refusal.code);
    });
  }

  private put(room: string, ...line: unknown[]): void {
    this.parts.records.put(room, [line[0], Math.round(clock() * 1000) / 1000, ...line.slice(1)]);
  }
}
interface Said {
  ok: boolean;
  code?: string;
  position?: readonly [number, number];
}

/** Tries until it works, or the room is not to be had: while nodes die, that takes a while. */
export async function retryUntil<T>(what: () => Promise<T>, until: () => boolean): Promise<T | null> {
  while (!until()) {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      await new Promise(done => setTimeout(done, 200));
    }
  }
  return null;
}
