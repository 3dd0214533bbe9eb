import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import {
  anyPool,
  type AppendRequest,
  type FindOrCreate,
  type Maker,
  type NewRoom,
  type Offer,
  type Store,
} from '../../../server/store/store.ts';

export interface OffersUnderTest {
  name: string;
  /**
   * How long (ms) something lasts that the test lets run out: where the store has a clock of its own, long enough for
   * all steps before.
   */
  moment: number;
  /** `pass` lets so many ms go by on the store's clock; `left` names everything that the store keeps. */
  open(): Promise<{ store: Store; pass(ms: number): Promise<void>; left(): Promise<string[]>; closed?(): void }>;
  close(): Promise<void>;
}

let drawn = 0;
const fresh = (): string => `q${process.pid.toString(36)}${Date.now().toString(36)}${(drawn++).toString(36)}`;

/** What every store does for quick joins, and what it keeps of rooms that are gone. */
export function offersSuite(under: OffersUnderTest): void {
  describe(`offers and index lines: ${under.name}`, () => {
    let store: Store;
    let pass: (ms: number) => Promise<void>;
    let left: () => Promise<string[]>;
    let closed: (() => void) | undefined;
    before(async () => {
      ({ store, pass, left, closed } = await under.open());
    });
    after(async () => {
      closed?.();
      await under.close();
    });

    const offer = (game: string, more: Partial<Offer> = {}): Offer => ({
      game,
      pool: 'p',
      since: 1_000,
      free: 2,
      present: false,
      players: [],
      ...more,
    });
    const newRoom = (more: Partial<NewRoom> = {}): NewRoom => {
      const id = fresh();
      return { id, code: `C${id}`, game: 'game@1', snapshot: 'snapshot 0', life: 60_000, ...more };
    };
    function ask(game: string, player: string, more: Partial<FindOrCreate> = {}, seats = 2): FindOrCreate {
      const pool = more.pool ?? 'p';
      return {
        game,
        pool,
        player,
        call: null,
        skip: [],
        search: true,
        prepared: { ...newRoom(), offer: offer(game, { free: seats, pool: pool === anyPool ? 'p' : pool }) },
        reserveMs: 60_000,
        rememberMs: 60_000,
        rememberLastMs: 60_000,
        repeatWithinMs: 0,
        ...more,
      };
    }
    const quick = (game: string, player: string, more: Partial<FindOrCreate> = {}, seats = 2) =>
      store.findOrCreate(ask(game, player, more, seats));
    async function room(game: string, player: string, more: Partial<FindOrCreate> = {}, seats = 2): Promise<string> {
      const found = await quick(game, player, more, seats);
      assert.ok('room' in found, found.how);
      return found.room;
    }
    const claim = async (id: string, token = 'a') =>
      assert.ok((await store.claim(id, { token, node: 'n', expected: null, floor: 0, games: ['game@1'] })).ok);
    const append = async (id: string, seq: number, more: Partial<AppendRequest> = {}) =>
      assert.equal(await store.append(id, { token: 'a', seq, entry: `e${seq}`, ...more }), 'ok');
    /** A room whose player is present, as its owner says it. */
    async function waiting(game: string, more: Partial<Offer> = {}): Promise<string> {
      const made = newRoom();
      assert.equal(await store.create(made), 'ok');
      await claim(made.id);
      await append(made.id, 1, {
        offer: offer(game, { free: 1, present: true, players: [`host of ${made.id}`], ...more }),
      });
      return made.id;
    }

    describe('quick joins', () => {
      it('[Q1] n at once make as many rooms as n players need, whatever the number of seats', async () => {
        for (const [players, seats] of [
          [1, 2],
          [10, 2],
          [20, 2],
          [7, 3],
          [16, 4],
          [5, 1],
        ] as const) {
          const game = fresh();
          const found = await Promise.all(Array.from({ length: players }, (_x, i) => room(game, `p${i}`, {}, seats)));
          const rooms = new Map<string, number>();
          for (const id of found) rooms.set(id, (rooms.get(id) ?? 0) + 1);
          assert.equal(rooms.size, Math.ceil(players / seats), `${players} players, ${seats} seats`);
          assert.ok([...rooms.values()].every(n => n <= seats));
        }
      });
      it('[Q1] of another game, or of other options, none', async () => {
        const [game, other] = [fresh(), fresh()];
        const first = await room(game, 'ada', { pool: 'p' });
        assert.equal((await quick(other, 'bob', { pool: 'p' })).how, 'made');
        assert.equal((await quick(game, 'bob', { pool: 'p2' })).how, 'made');
        assert.equal((await quick(`${game}x`, 'bob')).how, 'made');
        assert.deepEqual(await quick(game, 'cleo', { pool: 'p' }), { how: 'found', room: first });
      });
      it('[Q2] without options any room of the game matches, and a room that was made so is found with its options', async () => {
        const game = fresh();
        const first = await room(game, 'ada', { pool: 'p2' });
        assert.deepEqual(await quick(game, 'bob', { pool: anyPool }), { how: 'found', room: first });
        const second = await room(game, 'cleo', { pool: anyPool });
        assert.deepEqual(await quick(game, 'dora', { pool: 'p' }), { how: 'found', room: second });
      });
      it('[Q3] the oldest open room is filled first, behind any number of full ones', async () => {
        const game = fresh();
        await Promise.all(Array.from({ length: 150 }, (_x, i) => waiting(game, { since: 1_000 + i, free: 0 })));
        const [third, second] = [await waiting(game, { since: 3_000 }), await waiting(game, { since: 2_000 })];
        assert.equal(await room(game, 'ada'), second);
        assert.equal(await room(game, 'bob'), third);
        assert.equal((await quick(game, 'cleo')).how, 'made');
      });
      it('[Q3] a room with nobody present is not open, until somebody is', async () => {
        const game = fresh();
        const id = await waiting(game, { present: false });
        assert.deepEqual(await quick(game, 'ada', { prepared: null }), { how: 'none' });
        await append(id, 2, { offer: offer(game, { free: 1, present: true, players: ['host'] }) });
        assert.deepEqual(await quick(game, 'ada', { prepared: null }), { how: 'found', room: id });
      });
      it('[Q3] an offer comes, changes and goes with an entry', async () => {
        const game = fresh();
        const id = await waiting(game, { free: 3 });
        await append(id, 2);
        for (const player of ['ada', 'bob']) assert.equal(await room(game, player), id);
        await append(id, 3, { offer: offer(game, { free: 1, present: true, players: ['host', 'ada', 'bob'] }) });
        assert.equal(await room(game, 'cleo'), id, 'those who sit hold nothing besides');
        assert.deepEqual(await quick(game, 'dora', { prepared: null }), { how: 'none' });
        await append(id, 4, { offer: null });
        assert.deepEqual(await quick(game, 'emil', { prepared: null }), { how: 'none' });
        await append(id, 5, { offer: offer(game, { free: 1, present: true }) });
        assert.equal(await room(game, 'emil'), id, 'what was held before the offer ended is not held any more');
      });
      it('[Q4] a reservation that is not used is over after its time, and the room is offered again', async () => {
        const game = fresh();
        const id = await waiting(game);
        assert.equal(await room(game, 'ada', { reserveMs: under.moment }), id);
        assert.deepEqual(await quick(game, 'bob', { prepared: null }), { how: 'none' });
        await pass(under.moment + 50);
        assert.equal(await room(game, 'bob'), id);
      });
      it('[Q4] a new room into which nobody came is not offered when its reservation is over', async () => {
        const game = fresh();
        const id = await room(game, 'ada', { reserveMs: under.moment });
        await pass(under.moment + 50);
        const next = await quick(game, 'bob');
        assert.equal(next.how, 'made');
        assert.notEqual((next as { room: string }).room, id);
      });
      it('[Q4] a reservation that is given back is free at once', async () => {
        const game = fresh();
        const id = await waiting(game);
        assert.equal(await room(game, 'ada'), id);
        await store.withdraw(id, 'ada', 0);
        assert.equal(await room(game, 'bob'), id);
        await store.withdraw(fresh(), 'ada', 1_000);
      });
      it('[Q5] a repeat of a call gets the room of the first try, also when that is full, and takes one seat', async () => {
        const game = fresh();
        const first = await room(game, 'ada', { call: 'c' });
        for (let i = 0; i < 3; i++)
          assert.deepEqual(await quick(game, 'ada', { call: 'c' }), { how: 'found', room: first });
        assert.equal(
          await room(game, 'bob', { call: 'c' }),
          first,
          "another player's call is another, whatever its id",
        );
        assert.equal(await room(game, 'ada', { call: 'c' }), first);
        await claim(first);
        await append(first, 1, { offer: null });
        assert.deepEqual(await quick(game, 'ada', { call: 'c' }), { how: 'found', room: first });
        assert.notEqual(await room(game, 'ada', { call: 'd' }), first);
      });
      it('[Q5] a repeat whose reservation is over reserves again, if a seat is free', async () => {
        const game = fresh();
        const id = await waiting(game);
        assert.equal(await room(game, 'ada', { call: 'c', reserveMs: under.moment }), id);
        await pass(under.moment + 50);
        assert.equal(await room(game, 'ada', { call: 'c' }), id);
        assert.deepEqual(await quick(game, 'bob', { prepared: null }), { how: 'none' });
      });
      it('[Q5] the last call of a player is remembered for longer than others', async () => {
        const game = fresh();
        const one = await room(game, 'ada', { call: 'c', rememberMs: under.moment });
        await claim(one);
        await append(one, 1, { offer: null });
        await pass(under.moment + 50);
        assert.deepEqual(await quick(game, 'ada', { call: 'c' }), { how: 'found', room: one });
        assert.notEqual(await room(game, 'bob', { call: 'c' }), one, "another player's call is another");
        const two = await room(game, 'ada', { call: 'd', rememberMs: under.moment, rememberLastMs: under.moment });
        assert.notEqual(two, one);
        await claim(two);
        await append(two, 1, { offer: null });
        assert.equal(await room(game, 'ada', { call: 'd' }), two);
        await pass(under.moment + 50);
        assert.notEqual(await room(game, 'ada', { call: 'd' }), two, 'not for ever');
      });
      it('[Q5] a call whose room is gone, or was skipped, is searched anew', async () => {
        const game = fresh();
        const id = await room(game, 'ada', { call: 'c' });
        const next = await room(game, 'ada', { call: 'c', skip: [id] });
        assert.notEqual(next, id);
        await claim(next);
        assert.equal(await store.remove(next, 'a'), 'ok');
        assert.notEqual(await room(game, 'ada', { call: 'c', skip: [id] }), next);
      });
      it('[Q6] two calls of one player at once get one room, and take one seat', async () => {
        const game = fresh();
        const [one, two] = await Promise.all([room(game, 'ada', { call: 'c' }), room(game, 'ada', { call: 'd' })]);
        assert.equal(one, two);
        assert.equal(await room(game, 'bob'), one);
      });
      it('[Q6] so do two shortly after one another, though the match has begun; later calls get another room', async () => {
        const game = fresh();
        const one = await room(game, 'ada', { call: 'c' });
        await claim(one);
        await append(one, 1, { offer: null });
        assert.equal(await room(game, 'ada', { call: 'd', repeatWithinMs: 60_000 }), one);
        assert.notEqual(await room(game, 'ada', { call: 'e', repeatWithinMs: 0 }), one);
      });
      it('[Q6] who has a seat in an open room is given that room', async () => {
        const game = fresh();
        const one = await room(game, 'ada');
        await claim(one);
        await append(one, 1, { offer: offer(game, { free: 1, present: true, players: ['ada'] }) });
        assert.equal(await room(game, 'ada', { call: 'd' }), one);
        await append(one, 2, { offer: offer(game, { free: 2, present: false, players: [] }) });
        assert.notEqual(await room(game, 'ada', { call: 'e' }), one, 'who has left it is not');
      });
      it('[Q7] rooms that were skipped are not returned, are open to others, and hold nothing for the player', async () => {
        const game = fresh();
        const [one, two] = [await waiting(game, { since: 1 }), await waiting(game, { since: 2 })];
        assert.equal(await room(game, 'ada'), one);
        assert.equal(await room(game, 'ada', { skip: [one] }), two);
        assert.equal(await room(game, 'bob'), one);
        assert.equal((await quick(game, 'ada', { skip: [one, two] })).how, 'made');
        assert.equal((await quick(game, 'cleo', { search: false })).how, 'made');
      });
      it('[Q8] a room that is withdrawn is not offered for its time, nor to the call that it was given to', async () => {
        const game = fresh();
        const id = await waiting(game);
        assert.equal(await room(game, 'ada', { call: 'c' }), id);
        await store.withdraw(id, 'ada', under.moment);
        assert.deepEqual(await quick(game, 'bob', { prepared: null }), { how: 'none' });
        assert.deepEqual(await quick(game, 'ada', { call: 'c', prepared: null }), { how: 'none' });
        await append(id, 2, { offer: offer(game, { free: 1, present: true, players: ['host', 'x'] }) });
        assert.deepEqual(await quick(game, 'bob', { prepared: null }), { how: 'none' }, 'whatever its owner says');
        await pass(under.moment + 50);
        assert.equal(await room(game, 'bob'), id);
      });
      it('[Q8] a room that is set aside is not offered', async () => {
        const game = fresh();
        const id = await waiting(game);
        assert.equal(await store.release(id, 'a', { why: 'unreadable', since: 1, due: 2 }), 'ok');
        assert.deepEqual(await quick(game, 'ada', { prepared: null }), { how: 'none' });
      });
      it('the prepared room is like one that was created; its id and code are its own', async () => {
        const game = fresh();
        const asked = ask(game, 'ada');
        const { id, code } = asked.prepared!;
        assert.deepEqual(await store.findOrCreate(asked), { how: 'made', room: id });
        assert.deepEqual(await store.owner(id), { node: null, token: null, term: 0, seq: 0 });
        assert.equal(await store.byCode(code), id);
        assert.equal((await store.peek(id))?.snapshot, 'snapshot 0');
        const again = ask(fresh(), 'bob');
        assert.deepEqual(await store.findOrCreate({ ...again, prepared: { ...again.prepared!, code } }), {
          how: 'taken',
        });
        assert.deepEqual(await store.findOrCreate({ ...again, prepared: { ...again.prepared!, id } }), {
          how: 'taken',
        });
      });
      it('players may have any name, and be as many as a room has seats', async () => {
        const game = fresh();
        const names = [
          '__proto__',
          'a|b',
          'с пробелом',
          '{}',
          '1',
          ...Array.from({ length: 20 }, (_x, i) => `user:${i}@example.org "«♟»"`),
        ];
        const id = await room(game, 'first', {}, names.length + 1);
        for (const name of names) assert.equal(await room(game, name, { call: 'c' }), id);
        for (const name of names) assert.equal(await room(game, name, { call: 'c' }), id);
        assert.equal((await quick(game, 'last')).how, 'made');
      });
    });

    describe('the list', () => {
      it('has every room of a game, however many others are newer', async () => {
        const [game, other] = [fresh(), fresh()];
        const line = (id: string, of: string, since: number) => ({
          id,
          code: `C${id}`,
          game: of,
          phase: 'waiting' as const,
          open: true,
          seated: 1,
          seats: 2,
          options: {},
          names: ['Ada'],
          since,
        });
        const rooms: string[] = [];
        for (let i = 0; i < 3; i++) {
          const id = await waiting(game);
          await append(id, 2, { summary: line(id, game, 100 + i) });
          rooms.unshift(id);
        }
        for (let i = 0; i < 30; i++) {
          const id = await waiting(other);
          await append(id, 2, { summary: line(id, other, 200 + i) });
        }
        assert.deepEqual(
          (await store.list(game, 10)).map(r => r.id),
          rooms,
        );
        assert.deepEqual(
          (await store.list(null, 30)).map(r => r.game),
          Array(30).fill(other),
        );
        assert.deepEqual((await store.list(null, 31)).at(-1)?.id, rooms[0]);
      });
    });

    describe('quotas', () => {
      const maker = (most: number) => ({ key: fresh(), most });
      async function make(...makers: Maker[]): Promise<string> {
        const made = newRoom({ makers });
        assert.equal(await store.create(made), 'ok');
        return made.id;
      }
      const over = async (...makers: Maker[]) => store.create(newRoom({ makers }));

      it('[W27] of n creations at once as many are made as may live, and the others say of which maker', async () => {
        const [player, address] = [maker(3), maker(5)];
        const made = await Promise.all(
          Array.from({ length: 8 }, () => store.create(newRoom({ makers: [player, address] }))),
        );
        assert.deepEqual(made, [...Array(3).fill('ok'), ...Array(5).fill({ over: player })]);
        await make(maker(3), address);
        await make(maker(3), address);
        assert.deepEqual(await over(maker(3), address), { over: address });
        await make(maker(3));
        await make();
      });

      it('[W27] a room that exists is said first: a repeat of a creation is no other room', async () => {
        const player = maker(1);
        const made = newRoom({ makers: [player] });
        assert.deepEqual([await store.create(made), await store.create(made)], ['ok', 'exists']);
      });

      it('[W27] a quick join still finds a room, and makes none', async () => {
        const [player, game] = [maker(1), fresh()];
        const first = ask(game, 'ada');
        assert.equal(
          (await store.findOrCreate({ ...first, prepared: { ...first.prepared!, makers: [player] } })).how,
          'made',
        );
        const second = ask(game, 'bob');
        assert.deepEqual(await store.findOrCreate({ ...second, prepared: { ...second.prepared!, makers: [player] } }), {
          how: 'found',
          room: first.prepared!.id,
        });
        const third = ask(game, 'cleo');
        assert.deepEqual(await store.findOrCreate({ ...third, prepared: { ...third.prepared!, makers: [player] } }), {
          how: 'quota',
          over: player,
        });
        assert.deepEqual(
          await store.findOrCreate(ask(game, 'dora', { prepared: null })),
          { how: 'none' },
          'nothing of the refused call is left',
        );
      });

      it('[W27] a room counts until it is removed, discarded, or its life is over', async () => {
        const player = maker(3);
        const [removed, discarded, expired] = [
          await make(player),
          await make(player),
          newRoom({ makers: [player], life: under.moment }),
        ];
        assert.equal(await store.create(expired), 'ok');
        const isFull = async () => {
          const made = newRoom({ makers: [player], life: under.moment });
          const said = await store.create(made);
          if (said === 'ok') assert.equal(await store.discard(made.id, 'x'), true);
          return said !== 'ok';
        };
        assert.equal(await isFull(), true);
        await claim(removed);
        await append(removed, 1, { due: 5 });
        assert.equal(await isFull(), true, 'it lives');
        await store.remove(removed, 'a');
        assert.equal(await isFull(), false);
        await make(player);
        await store.discard(discarded, 'x');
        assert.equal(await isFull(), false);
        await make(player);
        assert.equal(await isFull(), true);
        await pass(under.moment + 50);
        assert.equal(await isFull(), false, 'before anything was swept');
      });

      it('[W27] names of makers that begin alike are others', async () => {
        const key = fresh();
        await make({ key, most: 1 });
        await make({ key: `${key}x`, most: 1 });
        assert.deepEqual(await over({ key, most: 1 }), { over: { key, most: 1 } });
      });
    });

    describe('rooms that are discarded', () => {
      it('[Q10] a room without an entry is gone with all that is known of it, for any call', async () => {
        const game = fresh();
        const asked = ask(game, 'ada', { call: 'c' });
        const id = await room(game, 'ada', { call: 'c', prepared: asked.prepared });
        await claim(id);
        assert.equal(await store.discard(id, 'ada'), true);
        assert.deepEqual([await store.owner(id), await store.byCode(asked.prepared!.code)], [null, null]);
        assert.equal(await store.append(id, { token: 'a', seq: 1, entry: 'e' }), 'fenced', 'its owner finds out');
        assert.notEqual(await room(game, 'ada', { call: 'c' }), id);
        assert.equal(await store.discard(id, 'ada'), true, 'a repeat');
      });

      it('[Q10] a room with an entry, or with another reservation, stays, and the seat of the player is free', async () => {
        const game = fresh();
        const reserved = await room(game, 'ada');
        assert.equal(await room(game, 'bob'), reserved);
        assert.equal(await store.discard(reserved, 'ada'), false);
        assert.equal(await room(game, 'cleo'), reserved);
        const played = await room(game, 'ada', { search: false });
        await claim(played);
        await append(played, 1);
        assert.equal(await store.discard(played, 'ada'), false);
      });
    });

    describe('occupied rooms', () => {
      /** All of this suite's, in pages of two. */
      async function occupied(): Promise<{ id: string; node: string | null }[]> {
        const found: { id: string; node: string | null }[] = [];
        for (let from: string | null = ''; from !== null;) {
          const page = await store.occupied(from, 2);
          found.push(...page.rooms);
          from = page.next;
        }
        return found;
      }

      it('[O24] each is listed once with its owner of now, in the order of ids, for as long as its entries say so', async () => {
        const before = new Set((await occupied()).map(r => r.id));
        const own = async () => (await occupied()).filter(r => !before.has(r.id));
        const ids: string[] = [];
        for (let i = 0; i < 5; i++) {
          const made = newRoom();
          await store.create(made);
          await claim(made.id);
          await append(made.id, 1, i === 4 ? {} : { occupied: true });
          ids.push(made.id);
        }
        const [one, two, three, four] = ids as [string, string, string, string];
        const node = (await store.owner(one))!.node;
        assert.deepEqual(
          await own(),
          [one, two, three, four].sort().map(id => ({ id, node })),
        );
        await append(one, 2, { occupied: false });
        await append(two, 2, { due: 5 });
        await store.release(two, 'a');
        await store.pass(three, { token: 'a', seq: 1, to: { token: 'b', node: 'next', games: ['game@1'] } });
        await store.remove(four, 'a');
        assert.deepEqual(
          await own(),
          [
            { id: two, node: null },
            { id: three, node: 'next' },
          ].sort((a, b) => (a.id < b.id ? -1 : 1)),
        );
      });
    });

    describe('rooms by term', () => {
      /** All rooms with a term, in pages of two. */
      async function indexed(term: string): Promise<{ id: string; text: string }[]> {
        const found: { id: string; text: string }[] = [];
        for (let after: string | null = ''; after !== null;) {
          const page = await store.indexed(term, after, 2);
          found.push(...page.rooms);
          after = page.next;
        }
        return found;
      }
      const sorted = (...rooms: [id: string, text: string][]) =>
        rooms.map(([id, text]) => ({ id, text })).sort((a, b) => (a.id < b.id ? -1 : 1));

      it('[X8] each is found from its creation on, under the terms of its last record, in the order of ids, until it is removed', async () => {
        const term = newRoom().id;
        const others = [`${term}x`, `${term}-`, term.slice(0, -1)];
        const [one, two, three] = [newRoom(), newRoom(), newRoom()];
        for (const made of [one, two, three])
          await store.create({ ...made, index: { terms: [term, ...others], text: `«${made.id}»` } });
        await store.create({ ...one, index: { terms: [`${term}y`], text: 'another' } });
        const all = sorted(...[one, two, three].map(({ id }) => [id, `«${id}»`] as [string, string]));
        for (const known of [term, ...others]) assert.deepEqual(await indexed(known), all);
        assert.deepEqual(await indexed(`${term}y`), []);
        for (const { id } of [one, two, three]) await claim(id);
        await append(one.id, 1, { index: { terms: [others[0]!, `${term}new`], text: 'now' } });
        await append(two.id, 1, { index: null });
        await append(three.id, 1, { due: 5 });
        assert.equal(await store.append(three.id, { token: 'a', seq: 1, entry: 'late', index: null }), 'seq');
        assert.deepEqual(await indexed(term), sorted([three.id, `«${three.id}»`]));
        assert.deepEqual(await indexed(others[0]!), sorted([one.id, 'now'], [three.id, `«${three.id}»`]));
        assert.deepEqual(await indexed(`${term}new`), sorted([one.id, 'now']));
        await store.release(one.id, 'a');
        await store.remove(three.id, 'a');
        assert.deepEqual([await indexed(term), await indexed(others[0]!)], [[], sorted([one.id, 'now'])]);
      });

      it('[X8] a room that a quick join makes is found, and no more when it is discarded', async () => {
        const [game, term] = [newRoom().id, newRoom().id];
        const index = { terms: [term], text: 'quick' };
        const made = await room(game, 'ada', { prepared: { ...newRoom(), offer: offer(game), index } });
        assert.deepEqual(await indexed(term), sorted([made, 'quick']));
        await store.discard(made, 'ada');
        assert.deepEqual(await indexed(term), []);
      });
    });

    describe('what is left', () => {
      /** All that a room can have a line for. */
      const everything = (id: string, game: string): Partial<AppendRequest> => ({
        due: 5,
        occupied: true,
        index: { terms: ['all', `of-${id}`], text: id },
        quarantined: { why: 'why', since: 1 },
        offer: offer(game, { present: true }),
        summary: {
          id,
          code: `C${id}`,
          game,
          phase: 'waiting',
          open: true,
          seated: 1,
          seats: 2,
          options: {},
          names: ['Ada'],
          since: 1_000,
        },
      });

      it('[J15] [J16] of rooms that were removed, expired, never joined, or whose owner died: nothing', async () => {
        for (const { id } of await store.list(null, 10_000)) await store.remove(id, 'a');
        const life = 2 * under.moment;
        const game = fresh();
        const lives: [string, (id: string) => Promise<unknown>][] = [
          ['never claimed', async () => {}],
          [
            'its owner died',
            async id => {
              await claim(id);
              await append(id, 1, everything(id, game));
            },
          ],
          [
            'ended, with a recording',
            async id => {
              await claim(id);
              await append(id, 1, { ...everything(id, game), life: { ms: life, code: `C${id}`, match: 1 } });
              await store.snapshot(id, {
                token: 'a',
                seq: 1,
                text: 's',
                keep: 0,
                parts: [{ match: 1, text: 'piece' }],
              });
              await store.keepReplay(id, 1, { text: 'whole', life, most: 2 });
            },
          ],
          [
            'removed by its owner',
            async id => {
              await claim(id);
              await append(id, 1, { ...everything(id, game), life: { ms: 60_000, code: `C${id}`, match: 1 } });
              assert.equal(await store.remove(id, 'a'), 'ok');
            },
          ],
          [
            'released',
            async id => {
              await claim(id);
              await append(id, 1, { ...everything(id, game), release: true });
            },
          ],
          [
            'set aside',
            async id => {
              await claim(id);
              await append(id, 1, everything(id, game));
              await store.release(id, 'a', { why: 'unreadable', since: 1, due: 10 });
            },
          ],
          [
            'closed',
            async id => {
              await claim(id);
              await append(id, 1, everything(id, game));
              await append(id, 2, { due: null, summary: null, offer: null, quarantined: null });
            },
          ],
          [
            'hung',
            async id => {
              await claim(id);
              await store.reportHang(id, 0, {
                id: 'run',
                input: 'act',
                rule: 'r',
                player: 'p',
                session: 's',
                n: 1,
                who: '',
              });
            },
          ],
          [
            'passed on',
            async id => {
              await claim(id);
              await append(id, 1, everything(id, game));
              await store.pass(id, { token: 'a', seq: 1, to: { token: 'b', node: 'm', games: ['game@1'] } });
            },
          ],
          [
            'withdrawn',
            async id => {
              await claim(id);
              await append(id, 1, everything(id, game));
              await store.withdraw(id, 'x', 60_000);
            },
          ],
        ];
        const before = new Set(await left());
        for (const [name, live] of lives) {
          const made = newRoom({
            life,
            makers: [
              { key: 'ada', most: 100 },
              { key: 'net', most: 100 },
            ],
          });
          assert.equal(await store.create(made), 'ok', name);
          await live(made.id);
          const asked = ask(game, name, { call: 'c', reserveMs: 60_000, rememberMs: life, rememberLastMs: life });
          const quickly = await store.findOrCreate({
            ...asked,
            search: name.length % 2 === 0,
            prepared: { ...asked.prepared!, life, makers: [{ key: 'ada', most: 100 }] },
          });
          assert.ok('room' in quickly, name);
          // One that expires later has a line that still counts as held for the player.
          if (quickly.how === 'made') await live(quickly.room);
        }
        await pass(life + 50);
        for (let swept = 1; swept > 0;) swept = await store.removeExpired(4);
        assert.deepEqual(
          (await left()).filter(key => !before.has(key)),
          [],
        );
      });
      it('[J15] a room that lives is not swept, also after its life was renewed', async () => {
        const game = fresh();
        const made = newRoom({ life: under.moment });
        await store.create(made);
        await claim(made.id);
        await append(made.id, 1, { ...everything(made.id, game), life: { ms: 60_000, code: made.code, match: 0 } });
        await pass(under.moment + 50);
        await store.removeExpired(100);
        assert.equal((await store.list(game, 10)).length, 1);
        assert.equal(await room(game, 'ada'), made.id);
        assert.equal(await store.byCode(made.code), made.id);
      });
      it('[J15] [J18] nor when its life was renewed without an entry', async () => {
        const game = fresh();
        const made = newRoom({ life: under.moment });
        await store.create(made);
        await claim(made.id);
        await append(made.id, 1, everything(made.id, game));
        assert.equal(await store.renew(made.id, 'a', { ms: 60_000, code: made.code, match: 0 }), 'ok');
        await pass(under.moment + 50);
        await store.removeExpired(100);
        assert.equal((await store.list(game, 10)).length, 1);
        assert.equal(await store.byCode(made.code), made.id);
      });
      it("[J16] a code that ended before its room, and is another room's by now, stays that room's", async () => {
        const made = newRoom();
        await store.create(made);
        await claim(made.id);
        const other = newRoom();
        await store.create(other);
        await append(made.id, 1, { life: { ms: 60_000, code: other.code, match: 0 } });
        assert.equal(await store.byCode(other.code), other.id);
      });
    });
  });
}
