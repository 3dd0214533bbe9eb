import { createHash } from 'node:crypto';
import type { AnyGame, Schema } from '../../shared/contract.ts';
import { isObject } from '../../shared/delta.ts';
import { codeAlphabet, codeLength, idFromBytes } from '../../shared/ids.ts';
import type { JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { CreateReply, CreateRequest, JoinRequest, ListReply, RoomSummary } from '../../shared/protocol.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import type { Seed } from '../../shared/random.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import { findCapableNodes } from '../ownership/handover-targets.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import type { Clock, Entropy, Log, Meter, HangDetector } from '../runtime/ports.ts';
import { newDocument, type Restrictions, type RoomInit } from '../rooms/core/document.ts';
import { encodeSnapshot } from '../rooms/core/entry.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import type { OwnedRooms } from '../ownership/owned-rooms.ts';
import { holdOf } from '../rooms/core/holds.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import { newOffer, poolOf } from '../rooms/actor/offer.ts';
import { foundRoomOf, indexRecordOf } from '../rooms/actor/room-index.ts';
import { isOfPlayer, overQuota } from './makers.ts';
import { anyPool, StoreError, type Found, type Maker, type NewRoom, type Store } from '../store/store.ts';

export interface LobbyParts {
  store: Store;
  games: ReadonlyMap<string, AnyGame>;
  ownedRooms: OwnedRooms;
  membership: ClusterMembership;
  rpc: NodeRpc;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
  hangDetector: HangDetector;
  isDraining(): boolean;
  /** Whether the store has no memory for more rooms. */
  storeIsFull(): boolean;
}

/** The result of a quick join's search. `made`: the room is new. */
export type QuickJoinResult = Exclude<Found, { how: 'taken' | 'quota' }>;

/** Creates rooms and finds them. */
export class Lobby {
  /** Room lists read recently, or being read, by game: the store's load does not depend on the number of clients. */
  private readonly cachedLists = new Map<string | null, { rooms: Promise<RoomSummary[]>; until: number }>();

  constructor(private readonly parts: LobbyParts) {}

  /** Creates a room. Idempotent: the same player with the same key gets the same room. */
  async create(
    player: string,
    request: CreateRequest,
    settings: {
      reserved?: string[] | null;
      restrictions?: Restrictions;
      life?: number;
      makers?: readonly Maker[];
    } = {},
  ): Promise<CreateReply> {
    const game = this.parts.games.get(request.game);
    if (!game) return makeRefusal('no-such-game');
    if (this.parts.ownedRooms.size >= limits.roomsPerNode)
      return makeRefusal('busy', 'this node runs as many rooms as it may', 2_000);
    if (this.parts.storeIsFull()) return makeRefusal('busy', 'the store is full', 5_000);
    const options = this.parseOptions(game, request.options ?? {});
    if (!options.ok) return makeRefusal('bad-options', options.detail);
    if (request.bots && !game.rules.bot) return makeRefusal('bad-options', 'this game has no bot');
    const { store, entropy } = this.parts;
    const id = request.key === undefined ? idFromBytes(entropy.bytes(16)) : roomIdFrom(player, request.key);
    try {
      for (let tries = 0; tries < 8; tries++) {
        const room = this.newRoom(
          game,
          id,
          {
            private: request.private ?? false,
            options: options.value,
            reserved: settings.reserved ?? null,
            ...(settings.restrictions ? { restrictions: settings.restrictions } : {}),
            fill: Math.min(request.bots ?? 0, game.contract.def.seats.max - 1),
          },
          settings.life ?? limits.unjoinedRoomTtl,
        );
        const made = await store.create({ ...room, makers: settings.makers ?? [] });
        if (made === 'ok') {
          await this.placeRoom(id, game);
          return { ok: true, room: id, code: room.code };
        }
        if (made !== 'exists') return this.overQuota(made.over);
        const existingCode = await store.codeOf(id);
        if (existingCode !== null) return { ok: true, room: id, code: existingCode };
        // Neither created nor existing: only the code was taken. Retried with another code.
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    return makeRefusal('unavailable', undefined, 500);
  }

  async byCode(code: string): Promise<{ room: string } | Refused> {
    try {
      const room = await this.parts.store.byCode(code);
      return room === null ? makeRefusal('bad-code') : { room };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return makeRefusal('unavailable', undefined, 500);
    }
  }

  /** Public rooms; at most `limits.listCacheTtl` old. */
  async list(wanted: string | null): Promise<ListReply> {
    try {
      // Only known games are cached; clients can send any name.
      if (wanted !== null && !this.parts.games.has(wanted))
        return { ok: true, rooms: (await this.cachedList(null)).filter(r => r.game === wanted) };
      return { ok: true, rooms: await this.cachedList(wanted) };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return makeRefusal('unavailable', undefined, 500);
    }
  }

  private cachedList(game: string | null): Promise<RoomSummary[]> {
    const now = this.parts.clock.mono();
    const known = this.cachedLists.get(game);
    if (known && now < known.until) return known.rooms;
    const rooms = this.parts.store.list(game, 100);
    this.cachedLists.set(game, { rooms, until: now + limits.listCacheTtl });
    rooms.catch(() => this.cachedLists.delete(game));
    return rooms;
  }

  /**
   * Quick join: finds or creates a room with a seat reserved for the player, in one step of the store. Without options
   * any open room of the game matches; with options, only rooms whose options are equal in all values, defaults
   * included.
   * @param settings.mayCreate false: the result is `none` if nothing was found
   */
  async findOrCreate(
    player: string,
    wanted: NonNullable<JoinRequest['quick']>,
    settings: {
      call: string | null;
      skip: readonly string[];
      search: boolean;
      mayCreate: boolean;
      makers?: readonly Maker[];
    },
  ): Promise<QuickJoinResult | Refused> {
    const game = this.parts.games.get(wanted.game);
    if (!game) return makeRefusal('no-such-game');
    const options = this.parseOptions(game, wanted.options ?? {});
    if (!options.ok) return makeRefusal('bad-options', options.detail);
    const { store, ownedRooms, clock, log } = this.parts;
    const pool = Object.keys(wanted.options ?? {}).length === 0 ? anyPool : poolOf(options.value);
    const full = ownedRooms.size >= limits.roomsPerNode || this.parts.storeIsFull();
    const { call, skip, search } = settings;
    try {
      for (let tries = 0; tries < 8; tries++) {
        const prepared =
          settings.mayCreate && !full
            ? this.newRoom(
                game,
                idFromBytes(this.parts.entropy.bytes(16)),
                { private: false, options: options.value },
                limits.unjoinedRoomTtl,
              )
            : null;
        const offer = newOffer(game.contract.name, options.value, game.contract.def.seats.max, clock.now());
        const found = await store.findOrCreate({
          game: game.contract.name,
          pool,
          player,
          call,
          skip,
          search,
          prepared: prepared && { ...prepared, makers: settings.makers ?? [], offer },
          reserveMs: limits.quickJoinSearch.reservation,
          rememberMs: limits.quickJoinSearch.resultTtl,
          rememberLastMs: limits.quickJoinSearch.lastResultTtl + Math.min(holdOf(game), limits.quickJoinSearch.maxHold),
          repeatWithinMs: limits.quickJoinSearch.duplicateWindow,
        });
        if (found.how === 'none')
          return settings.mayCreate
            ? makeRefusal('busy', 'this node runs as many rooms as it may', 2_000)
            : { how: 'none' };
        if (found.how === 'quota') return this.overQuota(found.over);
        if (found.how === 'taken') continue; // retried with another code
        if (found.how === 'made') await this.placeRoom(found.room, game);
        return found;
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.debug({ game: wanted.game, error }, 'quick join failed');
    }
    return makeRefusal('unavailable', undefined, 500);
  }

  /** Cancels the player's reservation. `pauseMs` > 0: the room is not offered to quick joins for that long. */
  withdraw(room: string, player: string, pauseMs: number): void {
    if (pauseMs > 0) this.parts.log.warn({ room, ms: pauseMs }, 'room withdrawn from quick joins');
    this.parts.store
      .withdraw(room, player, pauseMs)
      .catch((error: unknown) => this.parts.log.debug({ room, error }, 'reservation withdrawal failed'));
  }

  /**
   * Cancels the reservation in a room created for this call; removes the room unless other players have joined it or
   * reserved seats.
   */
  discard(room: string, player: string): void {
    this.parts.store
      .discard(room, player)
      .catch((error: unknown) => this.parts.log.debug({ room, error }, 'room not discarded'));
  }

  private overQuota(maker: Maker): Refused {
    this.parts.meter.count('overQuota', 1, isOfPlayer(maker) ? 'player' : 'address');
    return makeRefusal('room-quota', overQuota(maker));
  }

  /** Prepares a room for the store. */
  private newRoom(
    game: AnyGame,
    id: string,
    settings: Pick<RoomInit, 'private' | 'options' | 'reserved' | 'restrictions' | 'fill'>,
    life: number,
  ): NewRoom {
    const { entropy, clock } = this.parts;
    const code = idFromBytes(entropy.bytes(codeLength), codeAlphabet);
    const doc = newDocument(game, { id, code, ...settings, seed: seedFrom(entropy.bytes(16)), now: clock.now() });
    const index = indexRecordOf(foundRoomOf(doc)!);
    return { id, code, game: gameKey(game), snapshot: encodeSnapshot(doc), life, index };
  }

  private parseOptions(
    game: AnyGame,
    given: JsonObject,
  ): { ok: true; value: JsonObject } | { ok: false; detail: string } {
    const schema = game.contract.def.options as Schema | undefined;
    if (!schema) return { ok: true, value: {} };
    const read = runWatched(this.parts.hangDetector, game.contract.name, 'options', '', () =>
      parseJson(schema, given, 'options'),
    );
    if (!read.ok) return read;
    return isObject(read.value)
      ? { ok: true, value: read.value }
      : { ok: false, detail: 'options: the schema must return an object' };
  }

  /** Places a new room on the less loaded of this node and one other node, drawn at random. */
  private async placeRoom(id: string, game: AnyGame): Promise<void> {
    const { membership, ownedRooms, rpc, entropy, log } = this.parts;
    const others = findCapableNodes(membership.aliveNodes(), gameKey(game));
    const other = others[Math.floor(entropy.float() * others.length)];
    try {
      if (
        other &&
        (other.rooms < ownedRooms.size || this.parts.isDraining()) &&
        (await rpc.call(other.id, 'adopt', { id, expected: null, floor: 0 }))
      )
        return;
      if (!this.parts.isDraining()) await ownedRooms.acquire(id, null, 0);
    } catch (error) {
      // The room exists; the node of the first player to join will claim it.
      log.debug({ room: id, error }, 'room placement failed');
    }
  }
}

const roomIdFrom = (player: string, key: string): string =>
  createHash('sha256').update(`${player}\0${key}`).digest('base64url').slice(0, 22);

function seedFrom(bytes: Uint8Array): Seed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)];
}
