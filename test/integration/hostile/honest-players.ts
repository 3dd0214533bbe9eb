import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { countFaults, seatPlayers, type Player } from '../../../bench/players.ts';
import { readEntry, readSnapshot } from '../../../server/rooms/core/entry.ts';
import type { RoomDocument } from '../../../server/rooms/core/document.ts';
import { RedisKeys } from '../../../server/store/redis-keys.ts';
import { apply } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { connect, type Client, type Room } from '../../../client/index.ts';
import { arena } from '../../../shared/games/arena/contract.ts';
import type { AttackerKnowledge } from './payloads.ts';

const sessionOf = (room: unknown): string => (room as { parts: { session: string } }).parts.session;

/** People who play while others attack, and who keep count: of every verdict, and of how long they waited for it. */
export class HonestPlayers {
  /** The longest that anybody has waited for a verdict or a tick, ms. */
  longest = 0;
  private readonly began: Map<string, { seats: (string | null)[]; sessions: (string | null)[]; seq: number }> =
    new Map();
  private readonly marks = new Map<Player, { count: number; at: number }>();
  /** How often a line of a room broke, or somebody in it came or went. */
  private readonly broken = new Map<string, number>();
  private ticked = { tick: -1, at: performance.now() };

  private constructor(
    private readonly rooms: Player[][],
    private readonly pilot: { client: Client; room: Room<(typeof arena)['def']> },
    private readonly redisUrl: string,
    private readonly prefix: string,
  ) {}

  static async sitDown(
    url: string,
    { redisUrl, rooms, prefix = 'rejoin:' }: { redisUrl: string; rooms: number; prefix?: string },
  ): Promise<HonestPlayers> {
    const seated = await seatPlayers(url, rooms, 60);
    const client = connect(url, { storage: null, socket: { extraHeaders: { 'x-forwarded-for': '10.77.1.7' } } });
    const room = await client.create(arena, { private: true, bots: 3, options: { rounds: 5, seconds: 180 } });
    await room.start();
    const honest = new HonestPlayers(seated, { client, room }, redisUrl, prefix);
    for (const pair of seated) {
      const doc = await honest.document(pair[0]!.room.id);
      honest.began.set(pair[0]!.room.id, { ...holders(doc.doc), seq: doc.seq });
    }
    for (const player of seated.flat()) {
      player.start();
      // Who is not heard of for seconds, on a machine that attackers fill, counts as away, and then as here again: an
      // entry each.
      player.client.onStatus(({ state }) => {
        if (state === 'reconnecting') honest.breaks(player.room.id);
      });
      let here = '';
      player.room.onChange(() => {
        const now = player.room.info.seats.map(seat => Number(seat?.here ?? false)).join('');
        if (here !== '' && now !== here) honest.breaks(player.room.id);
        here = now;
      });
    }
    return honest;
  }

  private breaks(room: string): void {
    this.broken.set(room, (this.broken.get(room) ?? 0) + 1);
  }

  get players(): Player[] {
    return this.rooms.flat();
  }
  /** What attackers are told: more than they could find out. */
  get known(): Omit<AttackerKnowledge, 'own' | 'games'> {
    return {
      rooms: [...this.rooms.map(([p]) => p!.room.id), this.pilot.room.id],
      codes: this.rooms.map(([p]) => p!.room.info.code),
      players: this.players.map(p => p.client.player!),
      sessions: this.players.map(p => sessionOf(p.room)),
    };
  }

  /** Looks at who has got on since the last look. */
  look(): void {
    const now = performance.now();
    for (const player of this.players) {
      const mark = this.marks.get(player);
      if (!mark || mark.count !== player.acked.length) this.marks.set(player, { count: player.acked.length, at: now });
      else this.longest = Math.max(this.longest, now - mark.at);
    }
    const { state, input } = this.pilot.room;
    const tick = state?.tick ?? -1;
    if (tick !== this.ticked.tick) this.ticked = { tick, at: now };
    else if (this.pilot.room.info.phase === 'playing') this.longest = Math.max(this.longest, now - this.ticked.at);
    input.steer({ x: Math.round(100 * Math.sin(now / 700)), y: Math.round(100 * Math.cos(now / 700)) });
  }

  /** Holds what each was told against what its room says, and against what lies in the store. @throws AssertionError */
  async audit(): Promise<{ accepted: number }> {
    await Promise.all(this.players.map(p => p.stop()));
    for (
      let tries = 0;
      tries < 100 && !this.rooms.every(([a, b]) => JSON.stringify(a!.room.state) === JSON.stringify(b!.room.state));
      tries++
    )
      await new Promise(resolve => setTimeout(resolve, 100));
    for (const pair of this.rooms) {
      const { id } = pair[0]!.room;
      assert.deepEqual(countFaults(pair), { lost: 0, doubled: 0, missing: 0, diverged: 0 }, `room ${id}`);
      const { doc, seq } = await this.document(id);
      const began = this.began.get(id)!;
      // Nothing is in the room but what these two did: their seats by their sessions, and one entry for each action at
      // most.
      assert.deepEqual(holders(doc), { seats: began.seats, sessions: began.sessions }, `room ${id}: who sits there`);
      assert.deepEqual(
        doc.state,
        JSON.parse(JSON.stringify(pair[0]!.room.state)),
        `room ${id}: its state in the store`,
      );
      assert.deepEqual(
        [
          doc.room.phase,
          doc.room.match,
          doc.room.host,
          doc.hidden.fault,
          doc.hidden.banned,
          doc.hidden.reserved,
          doc.hidden.previous,
        ],
        ['playing', 1, 0, null, [], null, null],
        `room ${id}`,
      );
      const did = pair.reduce((n, p) => n + p.acked.length, 0);
      const broken = this.broken.get(id) ?? 0;
      assert.ok(
        seq - began.seq <= did + 2 * broken,
        `room ${id}: ${seq - began.seq} entries for ${did} actions and ${broken} breaks`,
      );
    }
    assert.deepEqual(
      this.players.flatMap(p => p.refusals),
      [],
      'nobody honest was refused',
    );
    return { accepted: this.players.reduce((n, p) => n + p.acked.length, 0) };
  }

  close(): void {
    for (const player of this.players) {
      void player.stop();
      player.client.close();
    }
    this.pilot.client.close();
  }

  /** A room as it lies in the store. */
  private async document(id: string): Promise<{ doc: RoomDocument; seq: number }> {
    const keys = new RedisKeys(this.prefix);
    const redis = createClient({ url: this.redisUrl });
    redis.on('error', () => {});
    await redis.connect();
    try {
      const [meta, snapshot, entries] = (await redis
        .multi()
        .hmGet(keys.meta(id), ['seq', 'snap', 'first'])
        .get(keys.snapshot(id))
        .lRange(keys.journal(id), 0, -1)
        .exec()) as unknown as [string[], string, string[]];
      const [seq, at, first] = meta.map(Number) as [number, number, number];
      const doc = readSnapshot(snapshot);
      entries.forEach((text, i) => {
        if (first + i > at) apply(doc as unknown as Json, readEntry(text).c);
      });
      return { doc, seq };
    } finally {
      redis.destroy();
    }
  }
}

const holders = ({ hidden }: RoomDocument): { seats: (string | null)[]; sessions: (string | null)[] } => ({
  seats: hidden.seats.map(s => s?.player ?? null),
  sessions: hidden.seats.map(s => s?.session ?? null),
});
