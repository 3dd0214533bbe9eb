import { createHash } from 'node:crypto';
import type { AnyGame, Schema } from '../../shared/contract.ts';
import { isObject } from '../../shared/delta.ts';
import { codeAlphabet, codeLength, mint } from '../../shared/ids.ts';
import type { JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { CreateReply, CreateRequest, JoinRequest, ListReply, RoomSummary } from '../../shared/protocol.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { refused, type Refused } from '../../shared/refusals.ts';
import type { Seed } from '../../shared/random.ts';
import type { Membership } from '../ownership/membership.ts';
import { ableTo } from '../ownership/successors.ts';
import type { Peers } from '../cluster/peers.ts';
import type { Clock, Entropy, Log, Meter, Watch } from '../ports.ts';
import { newDocument } from '../rooms/document.ts';
import { encodeSnapshot } from '../rooms/entry.ts';
import type { Adopt } from '../rooms/messages.ts';
import { gameKey } from '../rooms/facts.ts';
import type { Registry } from '../rooms/registry.ts';
import { holdOf } from '../rooms/room-life.ts';
import { watchedAlone } from '../rooms/watched.ts';
import { newOffer, poolOf } from '../rooms/offer.ts';
import { isOfPlayer, overQuota } from './makers.ts';
import { anyPool, StoreError, type Found, type Maker, type NewRoom, type Store } from '../store/contract.ts';

export interface LobbyParts { store: Store; games: ReadonlyMap<string, AnyGame>; registry: Registry; membership: Membership; peers: Peers; clock: Clock; entropy: Entropy; log: Log; meter: Meter; watch: Watch; draining(): boolean; /** The store has no memory for more rooms. */ storeIsFull(): boolean }

/** What became of a quick join's search. `made`: nobody was in the room before. */
export type Match = Exclude<Found, { how: 'taken' | 'quota' }>;

/** Making rooms and finding them. */
export class Lobby {
  /** What is being read of the store, or was a moment ago, by game: to look into the lobby costs little, however many do. */
  private readonly lists = new Map<string | null, { rooms: Promise<RoomSummary[]>; until: number }>();

  constructor(private readonly parts: LobbyParts) {}

  /** Makes a room. The same player with the same key gets the same room: a lost reply makes no second one. */
  async create(player: string, request: CreateRequest, how: { reserved?: string[] | null; life?: number; makers?: readonly Maker[] } = {}): Promise<CreateReply> {
    const game = this.parts.games.get(request.game);
    if (!game) return refused('no-such-game');
    if (this.parts.registry.size >= limits.rooms) return refused('busy', 'this node runs as many rooms as it may', 2_000);
    if (this.parts.storeIsFull()) return refused('busy', 'the store is full', 5_000);
    const options = this.options(game, request.options ?? {});
    if (!options.ok) return refused('bad-options', options.detail);
    if (request.bots && !game.rules.bot) return refused('bad-options', 'this game has no bot');
    const { store, entropy } = this.parts;
    const id = request.key === undefined ? mint(entropy.bytes(16)) : idFrom(player, request.key);
    try {
      for (let tries = 0; tries < 8; tries++) {
        const room = this.prepare(game, id, { private: request.private ?? false, options: options.value, reserved: how.reserved ?? null, fill: Math.min(request.bots ?? 0, (game.contract.def.seats.max as number) - 1) }, how.life ?? limits.unjoinedLife);
        const made = await store.create({ ...room, makers: how.makers ?? [] });
        if (made === 'ok') {
          await this.place(id, game);
          return { ok: true, room: id, code: room.code };
        }
        if (made !== 'exists') return this.overQuota(made.over);
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

  /**
   * Quick join: a room with a seat reserved for the player, found or made in one step of the store. Without named options any
   * open room of the game matches; with them, those whose options are the same in every value, defaults included.
   * @param how.mayCreate false: `none` where nothing was found
   */
  async findOrCreate(player: string, wanted: NonNullable<JoinRequest['quick']>, how: { call: string | null; skip: readonly string[]; search: boolean; mayCreate: boolean; makers?: readonly Maker[] }): Promise<Match | Refused> {
    const game = this.parts.games.get(wanted.game);
    if (!game) return refused('no-such-game');
    const options = this.options(game, wanted.options ?? {});
    if (!options.ok) return refused('bad-options', options.detail);
    const { store, registry, clock, log } = this.parts;
    const pool = Object.keys(wanted.options ?? {}).length === 0 ? anyPool : poolOf(options.value);
    const full = registry.size >= limits.rooms || this.parts.storeIsFull();
    const { call, skip, search } = how;
    try {
      for (let tries = 0; tries < 8; tries++) {
        const prepared = how.mayCreate && !full ? this.prepare(game, mint(this.parts.entropy.bytes(16)), { private: false, options: options.value }, limits.unjoinedLife) : null;
        const offer = newOffer(game.contract.name, options.value, game.contract.def.seats.max as number, clock.now());
        const found = await store.findOrCreate({
          game: game.contract.name, pool, player, call, skip, search, prepared: prepared && { ...prepared, makers: how.makers ?? [], offer },
          reserve: limits.quick.reserve, remember: limits.quick.remember, rememberLast: limits.quick.rememberLast + Math.min(holdOf(game), limits.quick.mostHold), twice: limits.quick.twice,
        });
        if (found.how === 'none') return how.mayCreate ? refused('busy', 'this node runs as many rooms as it may', 2_000) : { how: 'none' };
        if (found.how === 'quota') return this.overQuota(found.over);
        if (found.how === 'taken') continue; // another code
        if (found.how === 'made') await this.place(found.room, game);
        return found;
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.debug({ game: wanted.game, error }, 'quick join failed');
    }
    return refused('unavailable', undefined, 500);
  }

  /** The player does not go to that room. `out`: for so long (ms) it is not offered to anybody. */
  withdraw(room: string, player: string, out: number): void {
    if (out > 0) this.parts.log.warn({ room, ms: out }, 'room withdrawn from quick joins');
    this.parts.store.withdraw(room, player, out).catch((error: unknown) => this.parts.log.debug({ room, error }, 'reservation not withdrawn'));
  }

  /** The player does not go to the room that was made for the call: it is removed, unless others do. */
  discard(room: string, player: string): void {
    this.parts.store.discard(room, player).catch((error: unknown) => this.parts.log.debug({ room, error }, 'room not discarded'));
  }

  private overQuota(maker: Maker): Refused {
    this.parts.meter.count('overQuota', 1, isOfPlayer(maker) ? 'player' : 'address');
    return refused('room-quota', overQuota(maker));
  }

  /** A room, as the store makes it. */
  private prepare(game: AnyGame, id: string, made: { private: boolean; options: JsonObject; reserved?: string[] | null; fill?: number }, life: number): NewRoom {
    const { entropy, clock } = this.parts;
    const code = mint(entropy.bytes(codeLength), codeAlphabet);
    const doc = newDocument(game, { id, code, ...made, seed: seedFrom(entropy.bytes(16)), now: clock.now() });
    return { id, code, game: gameKey(game), snapshot: encodeSnapshot(doc), life };
  }

  private options(game: AnyGame, given: JsonObject): { ok: true; value: JsonObject } | { ok: false; detail: string } {
    const schema = game.contract.def.options as Schema | undefined;
    if (!schema) return { ok: true, value: {} };
    const read = watchedAlone(this.parts.watch, game.contract.name, 'options', '', () => parseJson(schema, given, 'options'));
    if (!read.ok) return read;
    return isObject(read.value) ? { ok: true, value: read.value } : { ok: false, detail: 'options: the schema makes something else than an object of them' };
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
