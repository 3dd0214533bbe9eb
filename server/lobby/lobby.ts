import { createHash } from 'node:crypto';
import { parse, type AnyGame } from '../../shared/contract.ts';
import { codeAlphabet, codeLength, mint } from '../../shared/ids.ts';
import type { JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { CreateReply, CreateRequest, ListReply, RoomSummary } from '../../shared/protocol.ts';
import { refused, type Refused } from '../../shared/refusals.ts';
import type { Seed } from '../../shared/random.ts';
import type { Membership } from '../ownership/membership.ts';
import { ableTo } from '../ownership/successors.ts';
import type { Peers } from '../cluster/peers.ts';
import type { Clock, Entropy, Log, Watch } from '../ports.ts';
import { newDocument } from '../rooms/document.ts';
import { encodeSnapshot } from '../rooms/entry.ts';
import type { Adopt } from '../rooms/messages.ts';
import { gameKey } from '../rooms/facts.ts';
import type { Registry } from '../rooms/registry.ts';
import { watchedAlone } from '../rooms/watched.ts';
import { StoreError, type Store } from '../store/contract.ts';

export interface LobbyParts { store: Store; games: ReadonlyMap<string, AnyGame>; registry: Registry; membership: Membership; peers: Peers; clock: Clock; entropy: Entropy; log: Log; watch: Watch; draining(): boolean }

/** Making rooms and finding them. */
export class Lobby {
  /** Rooms that a quick join found full a moment ago, before the list knew; monotonic ms until when. */
  private readonly avoided = new Map<string, number>();
  /** What is being read of the store, or was a moment ago, by game: to look into the lobby costs little, however many do. */
  private readonly lists = new Map<string | null, { rooms: Promise<RoomSummary[]>; until: number }>();
  private readonly opens = new Map<string, Promise<RoomSummary[]>>();

  constructor(private readonly parts: LobbyParts) {}

  /** Makes a room. The same player with the same key gets the same room: a lost reply makes no second one. */
  async create(player: string, request: CreateRequest, how: { reserved?: string[] | null; life?: number } = {}): Promise<CreateReply> {
    const game = this.parts.games.get(request.game);
    if (!game) return refused('no-such-game');
    if (this.parts.registry.size >= limits.rooms) return refused('busy', 'this node runs as many rooms as it may', 2_000);
    const options = this.options(game, request.options ?? {});
    if (!options.ok) return refused('bad-options', options.detail);
    if (request.bots && !game.rules.bot) return refused('bad-options', 'this game has no bot');
    const { store, entropy, clock } = this.parts;
    const id = request.key === undefined ? mint(entropy.bytes(16)) : idFrom(player, request.key);
    try {
      for (let tries = 0; tries < 8; tries++) {
        const code = mint(entropy.bytes(codeLength), codeAlphabet);
        const doc = newDocument(game, { id, code, private: request.private ?? false, options: options.value, reserved: how.reserved ?? null, fill: Math.min(request.bots ?? 0, (game.contract.def.seats.max as number) - 1), seed: seedFrom(entropy.bytes(16)), now: clock.now() });
        const made = await store.create({ id, code, game: gameKey(game), snapshot: encodeSnapshot(doc), life: how.life ?? limits.unjoinedLife });
        if (made === 'ok') {
          await this.place(id, game);
          return { ok: true, room: id, code };
        }
        const mine = await store.codeOf(id);
        if (mine !== null) return { ok: true, room: id, code: mine };
        // Neither new nor ours: the code was taken. Another one.
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    return refused('unavailable', undefined, 500);
  }

  async byCode(code: string): Promise<{ room: string } | Refused> {
    try {
      const room = await this.parts.store.byCode(code);
      return room === null ? refused('bad-code') : { room };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return refused('unavailable', undefined, 500);
    }
  }

  /** Public rooms, as they were half a second ago at most. */
  async list(wanted: string | null): Promise<ListReply> {
    try {
      // Only names of games are kept: what others make up is looked for among all rooms.
      if (wanted !== null && !this.parts.games.has(wanted)) return { ok: true, rooms: (await this.listed(null)).filter(r => r.game === wanted) };
      return { ok: true, rooms: await this.listed(wanted) };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return refused('unavailable', undefined, 500);
    }
  }

  private listed(game: string | null): Promise<RoomSummary[]> {
    const now = this.parts.clock.mono();
    const known = this.lists.get(game);
    if (known && now < known.until) return known.rooms;
    const rooms = this.parts.store.list(game, 100);
    this.lists.set(game, { rooms, until: now + limits.listAge });
    rooms.catch(() => this.lists.delete(game));
    return rooms;
  }

  /** Those who ask while it is being read share one answer. */
  private open(game: string): Promise<RoomSummary[]> {
    const known = this.opens.get(game);
    if (known) return known;
    const rooms = this.parts.store.open(game, 100).finally(() => this.opens.delete(game));
    this.opens.set(game, rooms);
    return rooms;
  }

  /** An open public room with these options (all that were named), the one that has waited longest; null where none is. */
  async quick(wanted: { game: string; options?: JsonObject }): Promise<{ room: string } | Refused | null> {
    const game = this.parts.games.get(wanted.game);
    if (!game) return refused('no-such-game');
    const options = this.options(game, wanted.options ?? {});
    if (!options.ok) return refused('bad-options', options.detail);
    let open: RoomSummary[];
    try {
      open = await this.open(wanted.game);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return refused('unavailable', undefined, 500);
    }
    const now = this.parts.clock.mono();
    const fits = (room: RoomSummary) => (this.avoided.get(room.id) ?? 0) < now
      && Object.keys(wanted.options ?? {}).every(key => JSON.stringify(room.options[key]) === JSON.stringify(options.value[key]));
    const oldest = open.find(fits);
    return oldest ? { room: oldest.id } : null;
  }

  avoid(room: string): void {
    const now = this.parts.clock.mono();
    for (const [id, until] of this.avoided) if (until < now) this.avoided.delete(id);
    this.avoided.set(room, now + 2_000);
  }

  private options(game: AnyGame, given: JsonObject): { ok: true; value: JsonObject } | { ok: false; detail: string } {
    const schema = game.contract.def.options as Parameters<typeof parse>[0] | undefined;
    if (!schema) return { ok: true, value: {} };
    const read = watchedAlone(this.parts.watch, game.contract.name, 'options', '', () => parse(schema, given));
    return read.ok ? { ok: true, value: JSON.parse(JSON.stringify(read.value)) as JsonObject } : read;
  }

  /** Gives a new room to the less loaded of this node and one other, drawn at random. */
  private async place(id: string, game: AnyGame): Promise<void> {
    const { membership, registry, peers, entropy, log } = this.parts;
    const others = ableTo(membership.alive(), gameKey(game));
    const other = others[Math.floor(entropy.float() * others.length)];
    try {
      if (other && (other.rooms < registry.size || this.parts.draining()) && (await peers.ask(other.id, 'adopt', { id, expected: null, floor: 0 } satisfies Adopt)) === true) return;
      if (!this.parts.draining()) await registry.acquire(id, null, 0);
    } catch (error) {
      // The room exists; whoever joins it first makes its node the owner.
      log.debug({ room: id, error }, 'a new room was not placed');
    }
  }
}

const idFrom = (player: string, key: string): string => createHash('sha256').update(`${player}\0${key}`).digest('base64url').slice(0, 22);

function seedFrom(bytes: Uint8Array): Seed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)];
}
