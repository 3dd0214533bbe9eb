import assert from 'node:assert/strict';
import fc from 'fast-check';
import { limits } from '../../../shared/limits.ts';
import { positionOf } from '../../../shared/position.ts';
import type { RoomSummary } from '../../../shared/protocol.ts';
import type { AppendRequest, HangReport, ClaimedRoom, NewRoom, Store } from '../../../server/store/store.ts';

/** How the suite comes by a store: an empty one for each test, or one in which nobody has the ids the suite draws. */
export interface StoreUnderTest {
  name: string;
  open(): Promise<{
    store: Store;
    /** moves the store's clock, where it has one that can be moved */
    forward?: (ms: number) => void;
  }>;
  /** Its clock can be moved; how a store with a clock of its own lets rooms expire is tested beside it. */
  movable?: boolean;
  close(): Promise<void>;
}

const games = ['game@1', 'game@2'];
const life = 60_000;
let drawn = 0;

/** Ids that no other test of this run, or of another on the same store, has drawn. */
const fresh = (): string => `t${process.pid.toString(36)}${Date.now().toString(36)}${(drawn++).toString(36)}`;
const newRoom = (id = fresh(), more: Partial<NewRoom> = {}): NewRoom => ({
  id,
  code: `C${id}`,
  game: 'game@1',
  snapshot: 'snapshot 0',
  life,
  ...more,
});
const summaryOf = (id: string, since: number, game = 'game'): RoomSummary => ({
  id,
  code: `C${id}`,
  game,
  phase: 'waiting',
  open: true,
  seated: 1,
  seats: 2,
  options: { size: 3 },
  names: ['Ada «♟»'],
  since,
});

/** What every store has to do (server/store/store.ts). */
export function storeSuite(under: StoreUnderTest): void {
  describe(`store: ${under.name}`, () => {
    let store: Store;
    let forward: ((ms: number) => void) | undefined;
    before(async () => {
      ({ store, forward } = await under.open());
    });
    after(() => under.close());

    const claim = (id: string, token: string, expected: string | null = null, floor = 0) =>
      store.claim(id, { token, node: `node-of-${token}`, expected, floor, games });
    const append = (id: string, token: string, seq: number, more: Partial<AppendRequest> = {}) =>
      store.append(id, { token, seq, entry: `entry ${seq} by ${token}`, ...more });
    /** A room that `token` owns, with so many entries. */
    async function owned(token: string, entries = 0): Promise<string> {
      const room = newRoom();
      assert.equal(await store.create(room), 'ok');
      assert.ok((await claim(room.id, token)).ok);
      for (let seq = 1; seq <= entries; seq++) assert.equal(await append(room.id, token, seq), 'ok');
      return room.id;
    }
    /** A room that is in the list of rooms. */
    async function listed(game: string, since: number, more: Partial<RoomSummary> = {}): Promise<RoomSummary> {
      const id = await owned('a');
      const summary = { ...summaryOf(id, since, game), ...more };
      assert.equal(await append(id, 'a', 1, { summary }), 'ok');
      return summary;
    }
    const claimed = async (id: string, token: string, expected: string | null, floor = 0): Promise<ClaimedRoom> => {
      const got = await claim(id, token, expected, floor);
      assert.ok(got.ok, JSON.stringify(got));
      return got;
    };

    describe('recordings', () => {
      it('[Y1] pieces go in with snapshots, in order, and are let go of when the whole is kept', async () => {
        const id = await owned('a', 3);
        assert.deepEqual(await store.replayParts(id, 1), []);
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 1, text: 's', keep: 0, parts: [{ match: 1, text: 'one «♟»' }] }),
          'ok',
        );
        assert.equal(await store.snapshot(id, { token: 'a', seq: 2, text: 's', keep: 0 }), 'ok');
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 3, text: 's', keep: 0, parts: [{ match: 1, text: 'two' }] }),
          'ok',
        );
        assert.deepEqual(await store.replayParts(id, 1), ['one «♟»', 'two']);
        assert.deepEqual(await store.replayParts(id, 2), []);
        assert.equal(await store.replay(id, 1), null);
        await store.keepReplay(id, 1, { text: 'whole', life: 60_000, most: 2 });
        assert.equal(await store.replay(id, 1), 'whole');
        assert.deepEqual(await store.replayParts(id, 1), []);
        await store.keepReplay(id, 1, { text: 'whole', life: 60_000, most: 2 });
        assert.equal(await store.replay(id, 1), 'whole', 'twice is like once');
      });
      it('[W25] keeping one lets go of an older one, also where it is not kept itself', async () => {
        const id = await owned('a', 1);
        for (const match of [1, 2, 3])
          await store.keepReplay(id, match, { text: `match ${match}`, life: 60_000, most: 2 });
        assert.deepEqual(await Promise.all([1, 2, 3].map(match => store.replay(id, match))), [
          null,
          'match 2',
          'match 3',
        ]);
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 1, text: 's', keep: 0, parts: [{ match: 4, text: 'x' }] }),
          'ok',
        );
        await store.keepReplay(id, 4, { text: null, life: 60_000, most: 2 });
        assert.deepEqual(
          [await store.replay(id, 2), await store.replay(id, 4), await store.replayParts(id, 4)],
          [null, null, []],
        );
      });
      it('[Y1] a snapshot that is refused leaves no piece', async () => {
        const id = await owned('a', 2);
        assert.equal(
          await store.snapshot(id, { token: 'other', seq: 1, text: 's', keep: 0, parts: [{ match: 1, text: 'x' }] }),
          'fenced',
        );
        assert.equal(await store.snapshot(id, { token: 'a', seq: 2, text: 's', keep: 0 }), 'ok');
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 1, text: 's', keep: 0, parts: [{ match: 1, text: 'x' }] }),
          'old',
        );
        assert.deepEqual(await store.replayParts(id, 1), []);
      });
      it('[Y5] a recording outlives its room, and ends when its time is over', async () => {
        const id = await owned('a', 1);
        await store.keepReplay(id, 1, { text: 'whole', life: 200, most: 2 });
        await store.keepReplay(id, 2, { text: 'whole', life: 60_000, most: 2 });
        assert.equal(await store.remove(id, 'a'), 'ok');
        assert.equal(await store.replay(id, 2), 'whole');
        if (forward) forward(300);
        else
          for (const until = Date.now() + 10_000; (await store.replay(id, 1)) !== null && Date.now() < until;)
            await new Promise(resolve => {
              setTimeout(resolve, 20);
            });
        assert.equal(await store.replay(id, 1), null);
        assert.equal(await store.replay(id, 2), 'whole');
      });
    });

    describe('creating and finding', () => {
      it('a room that is made is there, owned by nobody, without entries', async () => {
        const room = newRoom();
        assert.equal(await store.create(room), 'ok');
        assert.deepEqual(await store.owner(room.id), { node: null, token: null, term: 0, seq: 0 });
        assert.equal(await store.byCode(room.code), room.id);
        assert.equal(await store.codeOf(room.id), room.code);
      });

      it('what is not there is null, missing or fenced, and no error', async () => {
        const id = fresh();
        assert.equal(await store.owner(id), null);
        assert.equal(await store.byCode('ZZZZZ'), null);
        assert.equal(await store.codeOf(id), null);
        assert.deepEqual(await claim(id, 'a'), { ok: false, why: 'missing' });
        assert.equal(await append(id, 'a', 1), 'fenced');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 1, text: 'x', keep: 32 }), 'fenced');
        assert.equal(await store.release(id, 'a'), 'fenced');
        assert.equal(await store.remove(id, 'a'), 'fenced');
      });

      it('making it again changes nothing, whoever owns it by then', async () => {
        const id = await owned('a', 2);
        const before = await store.owner(id);
        assert.equal(await store.create(newRoom(id, { code: 'OTHER' + id, snapshot: 'another' })), 'exists');
        assert.deepEqual(await store.owner(id), before);
        assert.equal(await store.byCode('OTHER' + id), null);
        assert.equal((await claimed(id, 'b', 'a')).snapshot, 'snapshot 0');
      });

      it('a code belongs to one room', async () => {
        const first = newRoom();
        await store.create(first);
        const second = newRoom(fresh(), { code: first.code });
        assert.equal(await store.create(second), 'exists');
        assert.equal(await store.owner(second.id), null);
        assert.equal(await store.byCode(first.code), first.id);
      });

      it('of many who make the same room at once one does', async () => {
        const room = newRoom();
        const made = await Promise.all(
          Array.from({ length: 20 }, (_x, i) => store.create({ ...room, snapshot: `snapshot of ${i}` })),
        );
        assert.equal(made.filter(m => m === 'ok').length, 1);
        assert.equal((await claimed(room.id, 'a', null)).snapshot, `snapshot of ${made.indexOf('ok')}`);
      });

      it('lists public rooms, newest first, of one game or all, as many as asked', async () => {
        const game = fresh();
        const lines: RoomSummary[] = [];
        for (let i = 0; i < 3; i++) lines.push(await listed(game, 1_000 + i));
        assert.deepEqual(await store.list(game, 100), [lines[2], lines[1], lines[0]]);
        assert.deepEqual(await store.list(game, 2), [lines[2], lines[1]]);
        const everything = (await store.list(null, 100_000)).map(r => r.id);
        for (const { id } of lines) assert.ok(everything.includes(id));
        assert.deepEqual(await store.list(fresh(), 100), []);
      });

      it('a line in the list comes, changes and goes with an entry', async () => {
        const game = fresh();
        const id = await owned('a');
        await append(id, 'a', 1, { summary: summaryOf(id, 5, game) });
        await append(id, 'a', 2);
        assert.deepEqual(await store.list(game, 10), [summaryOf(id, 5, game)]);
        await append(id, 'a', 3, { summary: { ...summaryOf(id, 5, game), seated: 2, open: false } });
        assert.deepEqual(
          (await store.list(game, 10)).map(r => r.seated),
          [2],
        );
        await append(id, 'a', 4, { summary: null });
        assert.deepEqual(await store.list(game, 10), []);
      });

      it('[T3] what is due comes and goes with an entry, longest overdue first', async () => {
        // Far in the past, so that no other test's rooms come before.
        const ids = [await owned('a'), await owned('a'), await owned('a')];
        for (const [i, id] of ids.entries()) await append(id, 'a', 1, { due: 300 - i * 100 });
        const due = async (at: number, most = 100) => (await store.due(at, most)).filter(d => ids.includes(d.id));
        assert.deepEqual(await due(250), [
          { id: ids[2], at: 100 },
          { id: ids[1], at: 200 },
        ]);
        assert.deepEqual(await due(300, 1), [{ id: ids[2], at: 100 }]);
        assert.deepEqual(
          (await store.due(300, 2, 1)).map(d => d.id),
          [ids[1], ids[0]],
          'from the second on',
        );
        assert.deepEqual(await store.due(300, 2, 3), []);
        await append(ids[2]!, 'a', 2);
        assert.equal((await due(100)).length, 1, 'an entry that says nothing about it leaves it');
        await append(ids[2]!, 'a', 3, { due: null });
        await append(ids[1]!, 'a', 2, { due: 400 });
        assert.deepEqual(await due(399), [{ id: ids[0], at: 300 }]);
        for (const [i, id] of ids.entries()) await store.remove(id, 'a').then(r => assert.equal(r, 'ok', `room ${i}`));
        assert.deepEqual(await due(1_000), []);
      });

      it('[J1] a refused append touches neither list nor due index nor life', async () => {
        const game = fresh();
        const id = await owned('a', 1);
        await append(id, 'other', 2, { due: 1, summary: summaryOf(id, 1, game), game: 'game@9', release: true });
        await append(id, 'a', 3, { due: 1, summary: summaryOf(id, 1, game), game: 'game@9', release: true });
        assert.deepEqual(await store.list(game, 10), []);
        assert.ok(!(await store.due(10, 1_000)).some(d => d.id === id));
        assert.equal((await store.owner(id))!.token, 'a');
        assert.ok((await claim(id, 'b', 'a')).ok, 'the game is the one it was');
      });

      it('takes writes', async () => assert.equal(await store.probe(), true));
    });

    describe('appending', () => {
      it("[J1] writes with the room's token and the next seq; the entries are there in order", async () => {
        const id = await owned('a', 3);
        const got = await claimed(id, 'b', 'a');
        assert.deepEqual([got.seq, got.firstSeq, got.snapshotSeq, got.snapshot], [3, 1, 0, 'snapshot 0']);
        assert.deepEqual(
          got.entries,
          [1, 2, 3].map(seq => `entry ${seq} by a`),
        );
      });

      it('[J1] sent twice it writes once', async () => {
        const id = await owned('a');
        assert.equal(await append(id, 'a', 1), 'ok');
        assert.equal(await append(id, 'a', 1), 'seq');
        assert.deepEqual((await claimed(id, 'b', 'a')).entries, ['entry 1 by a']);
      });

      it('[J11] an entry and a snapshot may have a megabyte', async () => {
        const id = await owned('a');
        const large = 'ß'.repeat(520_000);
        assert.equal(await append(id, 'a', 1, { entry: large }), 'ok');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 1, text: large, keep: 32 }), 'ok');
        const { entries, snapshot } = await claimed(id, 'b', 'a');
        assert.deepEqual([entries, snapshot === large], [[large], true]);
      });

      it('[J1] sent twice at once it writes once', async () => {
        const id = await owned('a');
        const said = await Promise.all([append(id, 'a', 1), append(id, 'a', 1), append(id, 'a', 1)]);
        assert.deepEqual(said.sort(), ['ok', 'seq', 'seq']);
        assert.equal((await store.owner(id))!.seq, 1);
      });

      it('[J1] a seq that is left out, or past, is refused', async () => {
        const id = await owned('a', 2);
        for (const seq of [0, 1, 2, 4, 5]) assert.equal(await append(id, 'a', seq), 'seq', `seq ${seq}`);
        assert.equal(await append(id, 'a', 3), 'ok');
      });

      it('[J1] who was replaced can add nothing, whatever its seq', async () => {
        const id = await owned('a', 2);
        await claimed(id, 'b', 'a');
        for (const seq of [1, 2, 3, 4]) assert.equal(await append(id, 'a', seq), 'fenced');
        assert.equal(await append(id, 'b', 3), 'ok');
        for (const seq of [3, 4]) assert.equal(await append(id, 'a', seq), 'fenced');
        assert.deepEqual((await claimed(id, 'c', 'b')).entries.at(-1), 'entry 3 by b');
      });

      it("[J1] [J5] of an old owner's append and a new one's claim at once, either the claim has read the entry or it is refused", async () => {
        for (let round = 0; round < 20; round++) {
          const id = await owned('a', 1);
          const [said, got] = (await Promise.all(
            round % 2 === 0
              ? [append(id, 'a', 2), claimed(id, 'b', 'a')]
              : [claimed(id, 'b', 'a'), append(id, 'a', 2)].reverse(),
          )) as ['ok' | 'fenced', ClaimedRoom];
          assert.equal(got.entries.length, said === 'ok' ? 2 : 1);
          assert.equal(got.seq, said === 'ok' ? 2 : 1);
        }
      });

      it('keeps bytes as they are', async () => {
        const id = await owned('a');
        const texts = ['', '\0', '"\\\n', 'ä♟\u{1f600}', '\ud7ff', '{"v":1}', 'x'.repeat(60_000)];
        for (const [i, entry] of texts.entries()) assert.equal(await append(id, 'a', i + 1, { entry }), 'ok');
        assert.deepEqual((await claimed(id, 'b', 'a')).entries, texts);
      });

      it('gives the room up in the same step where it is told to', async () => {
        const id = await owned('a');
        assert.equal(await append(id, 'a', 1, { release: true }), 'ok');
        assert.equal(await append(id, 'a', 2), 'fenced');
        const got = await claimed(id, 'b', null);
        assert.equal(got.seq, 1);
        assert.equal(got.previous, null);
      });
    });

    describe('claiming', () => {
      it('[J2] succeeds only with the token that is expected; who loses hears whose it is', async () => {
        const id = await owned('a', 1);
        const { term } = (await store.owner(id))!;
        for (const expected of [null, 'x', 'A', ''])
          assert.deepEqual(await claim(id, 'b', expected), {
            ok: false,
            why: 'taken',
            owner: { node: 'node-of-a', token: 'a', term, seq: 1 },
          });
        assert.equal((await store.owner(id))!.token, 'a');
        assert.ok((await claim(id, 'b', 'a')).ok);
        assert.deepEqual({ ...(await store.owner(id))!, term: 0 }, { node: 'node-of-b', token: 'b', term: 0, seq: 1 });
      });

      it('[J2] a room nobody owns is claimed by expecting nobody', async () => {
        const room = newRoom();
        await store.create(room);
        assert.ok(!(await claim(room.id, 'b', 'a')).ok);
        assert.ok((await claim(room.id, 'b', null)).ok);
      });

      it('[J2] of many who claim at once exactly one wins, and the others hear of that one', async () => {
        for (const expected of [null, 'a']) {
          const id = expected === null ? newRoom() : { id: await owned('a', 1) };
          if (expected === null) await store.create(id as NewRoom);
          const said = await Promise.all(Array.from({ length: 24 }, (_x, i) => claim(id.id, `c${i}`, expected)));
          const winners = said.flatMap((s, i) => (s.ok ? [i] : []));
          assert.equal(winners.length, 1);
          for (const s of said) if (!s.ok) assert.equal(s.why === 'taken' && s.owner.token, `c${winners[0]}`);
          assert.equal((await store.owner(id.id))!.token, `c${winners[0]}`);
        }
      });

      it('[J2] a term is higher than the one before, than what the claimer has seen, and than the clock × 1024', async () => {
        const room = newRoom();
        await store.create(room);
        const first = await claimed(room.id, 'a', null);
        // The store's clock may be another machine's; an hour is enough to tell it from a counter.
        assert.ok(first.term > (Date.now() - 3_600_000) * 1024 || forward !== undefined);
        assert.ok(Number.isSafeInteger(first.term));
        const second = await claimed(room.id, 'b', 'a', first.term + 1e9);
        assert.ok(second.term > first.term + 1e9);
        const third = await claimed(room.id, 'c', 'b');
        assert.ok(third.term > second.term);
        assert.equal((await store.owner(room.id))!.term, third.term);
      });

      it('[J2] no term is given twice, in one room or in another', async () => {
        const ids = await Promise.all(Array.from({ length: 30 }, () => owned('a')));
        const terms = await Promise.all(
          ids.map(async id => [(await store.owner(id))!.term, (await claimed(id, 'b', 'a')).term]),
        );
        for (const [a, b] of terms) assert.ok(b! > a!);
      });

      it('[J3] lists the terms with their first seq; one that wrote nothing is not listed', async () => {
        const id = await owned('a', 2);
        const a = (await store.owner(id))!.term;
        await claimed(id, 'b', 'a');
        await claimed(id, 'c', 'b');
        const d = await claimed(id, 'd', 'c');
        assert.deepEqual(d.terms, [
          [a, 1],
          [d.term, 3],
        ]);
        assert.equal(await append(id, 'd', 3), 'ok');
        const e = await claimed(id, 'e', 'd');
        assert.deepEqual(e.terms, [
          [a, 1],
          [d.term, 3],
          [e.term, 4],
        ]);
        assert.deepEqual(
          [1, 2, 3].map(seq => positionOf(seq, e.terms)),
          [
            [a, 1],
            [a, 2],
            [d.term, 3],
          ],
        );
      });

      it('[J3] also where the silent one gave the room back', async () => {
        const id = await owned('a', 1);
        const a = (await store.owner(id))!.term;
        await store.release(id, 'a');
        await claimed(id, 'b', null);
        await store.release(id, 'b');
        const c = await claimed(id, 'c', null);
        assert.deepEqual(c.terms, [
          [a, 1],
          [c.term, 2],
        ]);
      });

      it('[J3] the last 32 terms are listed', async () => {
        const room = newRoom();
        await store.create(room);
        const terms: number[] = [];
        for (let i = 0; i < limits.termsKept + 8; i++) {
          terms.push((await claimed(room.id, `t${i}`, i === 0 ? null : `t${i - 1}`)).term);
          assert.equal(await append(room.id, `t${i}`, i + 1), 'ok');
        }
        const last = await claimed(room.id, 'end', `t${limits.termsKept + 7}`);
        const all = [...terms, last.term].map((term, i) => [term, i + 1]);
        assert.deepEqual(last.terms, all.slice(-limits.termsKept));
      });

      it('only a node that runs the game can claim the room; an entry may change which', async () => {
        const room = newRoom(fresh(), { game: 'game@1' });
        await store.create(room);
        const other = { token: 'x', node: 'n', expected: null, floor: 0, games: ['game@2', 'chess@1'] };
        assert.deepEqual(await store.claim(room.id, other), { ok: false, why: 'game', game: 'game@1' });
        assert.equal((await store.owner(room.id))!.token, null);
        await claimed(room.id, 'a', null);
        assert.equal(await append(room.id, 'a', 1, { game: 'game@2' }), 'ok');
        assert.deepEqual(await store.claim(room.id, { ...other, expected: 'a', games: ['game@1'] }), {
          ok: false,
          why: 'game',
          game: 'game@2',
        });
        assert.ok((await store.claim(room.id, { ...other, expected: 'a' })).ok);
      });

      it('says who had it before', async () => {
        const id = await owned('a');
        const { term } = (await store.owner(id))!;
        const { previous } = await claimed(id, 'b', 'a');
        assert.deepEqual(previous, { node: 'node-of-a', term, lastHeartbeat: null });
        await store.release(id, 'b');
        assert.equal((await claimed(id, 'c', null)).previous, null);
      });

      it('releasing needs the token, and is done once', async () => {
        const id = await owned('a', 1);
        assert.equal(await store.release(id, 'b'), 'fenced');
        assert.equal(await store.release(id, 'a'), 'ok');
        assert.equal(await store.release(id, 'a'), 'fenced');
        assert.equal(await append(id, 'a', 2), 'fenced');
        const owner = (await store.owner(id))!;
        assert.deepEqual([owner.node, owner.token, owner.seq], [null, null, 1]);
      });

      it('removing needs the token, and leaves nothing behind', async () => {
        const game = fresh();
        const id = await owned('a');
        await append(id, 'a', 1, { summary: summaryOf(id, 1, game), due: 1 });
        assert.equal(await store.remove(id, 'b'), 'fenced');
        assert.equal(await store.remove(id, 'a'), 'ok');
        assert.equal(await store.owner(id), null);
        assert.equal(await store.byCode(`C${id}`), null);
        assert.equal(await store.codeOf(id), null);
        assert.deepEqual(await store.list(game, 10), []);
        assert.ok(!(await store.due(10, 1_000)).some(d => d.id === id));
        assert.equal(await store.create(newRoom(id)), 'ok', 'id and code are free again');
        const again = await claimed(id, 'c', null);
        assert.deepEqual([again.seq, again.entries, again.terms], [0, [], [[again.term, 1]]]);
      });
    });

    describe('handing over', () => {
      const pass = (id: string, token: string, seq: number, to: string, runs: readonly string[] = games) =>
        store.pass(id, { token, seq, to: { token: to, node: `node-of-${to}`, games: runs } });

      it('[O13] a look reads what a claim would, and changes nothing', async () => {
        const id = await owned('a', 50);
        await store.snapshot(id, { token: 'a', seq: 40, text: 'snapshot «♟»', keep: 5 });
        const owner = (await store.owner(id))!;
        const seen = (await store.peek(id))!;
        assert.deepEqual(await store.owner(id), owner);
        assert.deepEqual(seen.owner, owner);
        assert.equal(seen.game, 'game@1');
        const {
          ok: _ok,
          term: _term,
          previous: _previous,
          hangReports: _blames,
          terms,
          ...stored
        } = await claimed(id, 'b', 'a');
        assert.deepEqual(seen, { ...stored, terms: terms.slice(0, 1), owner, game: 'game@1' });
      });

      it("[O13] a look at what is not there, or nobody's", async () => {
        assert.equal(await store.peek(fresh()), null);
        const room = newRoom();
        await store.create(room);
        assert.deepEqual(await store.peek(room.id), {
          seq: 0,
          terms: [],
          snapshot: 'snapshot 0',
          snapshotSeq: 0,
          entries: [],
          firstSeq: 1,
          game: 'game@1',
          owner: { node: null, token: null, term: 0, seq: 0 },
        });
      });

      it('[O13] gives the room to the named one at once: the old owner can add nothing, the new one goes on', async () => {
        const id = await owned('a', 3);
        const before = (await store.owner(id))!;
        const passed = await pass(id, 'a', 3, 'b');
        assert.ok(passed.ok);
        assert.ok(passed.term > before.term);
        assert.deepEqual(passed.terms, [
          [before.term, 1],
          [passed.term, 4],
        ]);
        assert.equal(passed.snapshotSeq, 0);
        assert.deepEqual(await store.owner(id), { node: 'node-of-b', token: 'b', term: passed.term, seq: 3 });
        assert.equal(await append(id, 'a', 4), 'fenced');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 3, text: 'x', keep: 0 }), 'fenced');
        assert.equal(await store.release(id, 'a'), 'fenced');
        assert.equal(await append(id, 'b', 4), 'ok');
        const after = await claimed(id, 'c', 'b');
        assert.deepEqual(after.terms.slice(0, 2), passed.terms);
        assert.equal(after.previous?.node, 'node-of-b');
      });

      it('[O13] only by its owner, only at the end of the journal, only to who runs the game; and once', async () => {
        const id = await owned('a', 2);
        const owner = await store.owner(id);
        assert.deepEqual(await pass(id, 'x', 2, 'b'), { ok: false, why: 'fenced' });
        assert.deepEqual(await pass(fresh(), 'a', 2, 'b'), { ok: false, why: 'fenced' });
        for (const seq of [1, 3]) assert.deepEqual(await pass(id, 'a', seq, 'b'), { ok: false, why: 'seq' });
        assert.deepEqual(await pass(id, 'a', 2, 'b', ['game@2', 'chess@1']), { ok: false, why: 'game' });
        assert.deepEqual(await store.owner(id), owner, 'nothing was changed');
        const twice = await Promise.all([pass(id, 'a', 2, 'b'), pass(id, 'a', 2, 'c')]);
        assert.equal(twice.filter(p => p.ok).length, 1);
        assert.ok(twice.some(p => !p.ok && p.why === 'fenced'));
      });

      it('[J2] [J3] its term is a new one, and a silent one before it is not listed', async () => {
        const id = await owned('a', 1);
        const seen = new Set([(await store.owner(id))!.term]);
        let token = 'a';
        for (let i = 0; i < 40; i++) {
          const passed = await pass(id, token, 1, `t${i}`);
          assert.ok(passed.ok);
          assert.ok(!seen.has(passed.term) && passed.term > Math.max(...seen));
          seen.add(passed.term);
          assert.equal(passed.terms.length, 2);
          token = `t${i}`;
        }
        for (let seq = 2; seq <= 60; seq++) {
          assert.equal(await append(id, token, seq), 'ok');
          const passed = await pass(id, token, seq, `u${seq}`);
          assert.ok(passed.ok && passed.terms.length === Math.min(limits.termsKept, seq + 1));
          token = `u${seq}`;
        }
      });
    });

    describe('rules that hang', () => {
      const blame = (id: string, more: Partial<HangReport> = {}): HangReport => ({
        id,
        input: 'act',
        rule: 'actions.loop',
        player: 'ada «♟»',
        session: 's',
        n: 3,
        who: '',
        ...more,
      });

      it('[R8] what hung is told to the next claim, and to the one after it, until an entry is written', async () => {
        const id = await owned('a', 2);
        assert.deepEqual((await claimed(id, 'b', 'a')).hangReports, []);
        assert.equal(await store.reportHang(id, 2, blame('b-1')), 'ok');
        assert.deepEqual((await claimed(id, 'c', 'b')).hangReports, [blame('b-1')]);
        assert.equal(await store.reportHang(id, 2, blame('c-1', { rule: 'view', who: 'line\nbreak' })), 'ok');
        assert.deepEqual((await claimed(id, 'd', 'c')).hangReports, [
          blame('b-1'),
          blame('c-1', { rule: 'view', who: 'line\nbreak' }),
        ]);
        assert.equal(await append(id, 'd', 3), 'ok');
        assert.deepEqual((await claimed(id, 'e', 'd')).hangReports, []);
        assert.equal(await store.reportHang(id, 3, blame('e-1')), 'ok');
        assert.deepEqual((await claimed(id, 'f', 'e')).hangReports, [blame('e-1')], 'what is past is past');
      });

      it('[R8] the same run is written once, and may be taken back', async () => {
        const id = await owned('a', 1);
        for (const run of ['a-1', 'a-12', 'a-1']) assert.equal(await store.reportHang(id, 1, blame(run)), 'ok');
        assert.deepEqual((await claimed(id, 'b', 'a')).hangReports.map(b => b.id).sort(), ['a-1', 'a-12']);
        assert.equal(await store.withdrawHangReport(id, 1, 'a-1'), 'ok');
        assert.equal(await store.withdrawHangReport(id, 1, 'a-7'), 'ok');
        assert.deepEqual((await claimed(id, 'c', 'b')).hangReports, [blame('a-12')]);
        assert.equal(await store.withdrawHangReport(id, 1, 'a-12'), 'ok');
        assert.deepEqual((await claimed(id, 'd', 'c')).hangReports, []);
      });

      it('[R8] who was replaced is still heard, as long as nothing was written since; then nobody is', async () => {
        const id = await owned('a', 9);
        await claimed(id, 'b', 'a');
        assert.equal(await store.reportHang(id, 9, blame('a-1')), 'ok');
        assert.equal(await append(id, 'b', 10), 'ok');
        for (const seq of [9, 1, 11]) assert.equal(await store.reportHang(id, seq, blame('b-1')), 'seq');
        assert.equal(await store.withdrawHangReport(id, 9, 'a-1'), 'seq');
        assert.equal(await store.reportHang(fresh(), 0, blame('a-1')), 'seq');
        assert.deepEqual((await claimed(id, 'c', 'b')).hangReports, []);
      });
    });

    describe('rooms out of play', () => {
      const among = async (...ids: string[]) => (await store.quarantined(100_000)).filter(q => ids.includes(q.id));

      it('[R9] are listed with the entry that says so, oldest first, until one says otherwise or the room is removed', async () => {
        const [first, second] = [await owned('a', 1), await owned('a', 1)];
        await append(second, 'a', 2, { quarantined: { why: 'twice «bad»', since: 2_000 } });
        await append(first, 'a', 2, { quarantined: { why: 'bad', since: 1_000 } });
        await append(first, 'a', 3);
        assert.deepEqual(await among(first, second), [
          { id: first, code: `C${first}`, game: 'game', why: 'bad', since: 1_000 },
          { id: second, code: `C${second}`, game: 'game', why: 'twice «bad»', since: 2_000 },
        ]);
        assert.equal((await store.quarantined(1)).length, 1);
        assert.equal(await append(first, 'other', 4, { quarantined: null }), 'fenced');
        assert.equal((await among(first)).length, 1);
        await append(first, 'a', 4, { quarantined: null });
        assert.deepEqual(
          (await among(first, second)).map(q => q.id),
          [second],
        );
        await store.remove(second, 'a');
        assert.deepEqual(await among(first, second), []);
      });

      it('[J6] [R9] a room that cannot be run is set aside: listed, and not looked for before its time', async () => {
        const id = await owned('a');
        await append(id, 'a', 1, { due: 100 });
        assert.equal(await store.release(id, 'b', { why: 'unreadable', since: 5, due: 500 }), 'fenced');
        assert.equal(await store.release(id, 'a', { why: 'unreadable', since: 5, due: 500 }), 'ok');
        assert.deepEqual(await among(id), [{ id, code: `C${id}`, game: 'game', why: 'unreadable', since: 5 }]);
        const due = async (at: number) => (await store.due(at, 1_000)).some(d => d.id === id);
        assert.deepEqual([await due(499), await due(500)], [false, true]);
        await claimed(id, 'b', null);
        assert.equal(await store.release(id, 'b', { why: 'still', since: 9, due: 400 }), 'ok');
        assert.deepEqual(
          (await among(id)).map(q => [q.why, q.since]),
          [['unreadable', 5]],
          'since it was first',
        );
        assert.equal(await due(499), false);
        await claimed(id, 'c', null);
        await append(id, 'c', 2, { quarantined: null });
        assert.deepEqual(await among(id), []);
        const calm = await owned('a', 1);
        await store.release(calm, 'a', { why: 'unreadable', since: 5, due: 500 });
        assert.ok(!(await store.due(1_000, 1_000)).some(d => d.id === calm), 'where nothing was due, nothing is');
      });
    });

    describe('snapshots', () => {
      it('[J5] drop the entries more than 32 behind them', async () => {
        const id = await owned('a', 50);
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 40, text: 'snapshot 40', keep: limits.entriesKept }),
          'ok',
        );
        const got = await claimed(id, 'b', 'a');
        assert.deepEqual([got.snapshot, got.snapshotSeq, got.seq], ['snapshot 40', 40, 50]);
        assert.equal(got.firstSeq, 40 - limits.entriesKept + 1);
        assert.deepEqual(
          got.entries,
          Array.from({ length: 50 - got.firstSeq + 1 }, (_x, i) => `entry ${got.firstSeq + i} by a`),
        );
      });

      it('[J5] drop nothing while there is little', async () => {
        const id = await owned('a', 10);
        assert.equal(
          await store.snapshot(id, { token: 'a', seq: 10, text: 'snapshot 10', keep: limits.entriesKept }),
          'ok',
        );
        assert.equal((await claimed(id, 'b', 'a')).entries.length, 10);
      });

      it('[J5] go on being written, each dropping what is behind it', async () => {
        const id = await owned('a');
        for (let seq = 1; seq <= 100; seq++) {
          await append(id, 'a', seq);
          if (seq % 10 === 0)
            assert.equal(await store.snapshot(id, { token: 'a', seq, text: `snapshot ${seq}`, keep: 5 }), 'ok');
        }
        const got = await claimed(id, 'b', 'a');
        assert.deepEqual([got.snapshot, got.firstSeq, got.seq, got.entries.length], ['snapshot 100', 96, 100, 5]);
        assert.equal(await append(id, 'b', 101), 'ok');
      });

      it('[J5] are written only by the owner, only forward, only of what is there', async () => {
        const id = await owned('a', 5);
        assert.equal(await store.snapshot(id, { token: 'b', seq: 5, text: 'x', keep: 32 }), 'fenced');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 6, text: 'x', keep: 32 }), 'old');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 4, text: 'snapshot 4', keep: 32 }), 'ok');
        for (const seq of [0, 3, 4])
          assert.equal(await store.snapshot(id, { token: 'a', seq, text: 'x', keep: 32 }), 'old');
        await claimed(id, 'c', 'a');
        assert.equal(await store.snapshot(id, { token: 'a', seq: 5, text: 'x', keep: 32 }), 'fenced');
        const got = await claimed(id, 'd', 'c');
        assert.deepEqual([got.snapshot, got.snapshotSeq], ['snapshot 4', 4]);
      });
    });

    describe('lives', () => {
      if (under.movable)
        it('[J7] a room that is not renewed is gone with all that was known of it', async () => {
          const game = fresh();
          const room = newRoom(fresh(), { life: 1_000 });
          await store.create(room);
          await claimed(room.id, 'a', null);
          await append(room.id, 'a', 1, { summary: summaryOf(room.id, 1, game), due: 1 });
          forward!(999);
          assert.ok(await store.owner(room.id));
          forward!(60_001);
          assert.deepEqual(await store.list(game, 10), []);
          assert.ok(!(await store.due(10, 1_000)).some(d => d.id === room.id));
          assert.equal(await store.owner(room.id), null);
          assert.equal(await append(room.id, 'a', 2), 'fenced');
          assert.equal(await store.byCode(room.code), null);
          assert.equal(await store.create(newRoom(fresh(), { code: room.code })), 'ok', 'its code is free');
        });

      if (under.movable)
        it('[J7] [J18] a renewal without an entry does as well, for the owner alone; pieces of the recording live as long', async () => {
          const room = newRoom(fresh(), { life: 1_000 });
          await store.create(room);
          await claimed(room.id, 'a', null);
          await append(room.id, 'a', 1);
          assert.equal(
            await store.snapshot(room.id, {
              token: 'a',
              seq: 1,
              text: 's',
              keep: 0,
              parts: [{ match: 2, text: 'piece' }],
            }),
            'ok',
          );
          assert.equal(await store.renew(room.id, 'b', { ms: 9_000, code: room.code, match: 2 }), 'fenced');
          assert.equal(await store.renew(fresh(), 'a', { ms: 9_000, code: room.code, match: 2 }), 'fenced');
          assert.equal(await store.renew(room.id, 'a', { ms: 5_000, code: room.code, match: 2 }), 'ok');
          forward!(4_900);
          assert.equal((await store.owner(room.id))?.seq, 1);
          assert.equal(await store.byCode(room.code), room.id);
          assert.deepEqual(await store.replayParts(room.id, 2), ['piece']);
          forward!(200);
          assert.equal(await store.owner(room.id), null);
          assert.deepEqual(await store.replayParts(room.id, 2), []);
        });

      it('[T8] takes times that are no whole numbers, at every place', async () => {
        const room = newRoom(fresh(), { life: 8.2 * 60_000 });
        assert.equal(await store.create(room), 'ok');
        await claimed(room.id, 'a', null);
        assert.equal(
          await append(room.id, 'a', 1, { due: 4_999.5, life: { ms: 8.2 * 60_000, code: room.code, match: 0 } }),
          'ok',
        );
        assert.deepEqual(
          (await store.due(5_000, 1_000)).filter(d => d.id === room.id),
          [{ id: room.id, at: 5_000 }],
        );
        assert.equal(await store.renew(room.id, 'a', { ms: 8.2 * 60_000, code: room.code, match: 0 }), 'ok');
        await store.keepReplay(room.id, 1, { text: 'whole', life: 8.2 * 60_000, most: 2 });
        assert.equal(await store.replay(room.id, 1), 'whole');
        await assert.rejects(append(room.id, 'a', 2, { due: NaN }), RangeError);
        assert.equal((await store.owner(room.id))!.seq, 1, 'nothing was written');
        assert.equal(await store.release(room.id, 'a', { why: 'x', since: 1.5, due: 9_999.5 }), 'ok');
        await assert.rejects(store.create(newRoom(fresh(), { life: NaN })), RangeError);
      });

      if (under.movable)
        it('[J7] a renewal gives the whole room another life', async () => {
          const room = newRoom(fresh(), { life: 1_000 });
          await store.create(room);
          await claimed(room.id, 'a', null);
          forward!(900);
          await append(room.id, 'a', 1, { life: { ms: 5_000, code: room.code, match: 0 } });
          forward!(4_900);
          assert.equal((await store.owner(room.id))?.seq, 1);
          assert.equal(await store.byCode(room.code), room.id);
          forward!(200);
          assert.equal(await store.owner(room.id), null);
        });
    });

    describe('random operations', () => {
      type Op = {
        op: 'claim' | 'append' | 'snapshot' | 'pass' | 'release' | 'releasing append' | 'remove';
        who: number;
        guess: number;
        off: number;
      };
      const op: fc.Arbitrary<Op> = fc.record({
        op: fc.constantFrom(
          'pass' as const,
          'pass' as const,
          'claim' as const,
          'claim' as const,
          'append' as const,
          'append' as const,
          'append' as const,
          'append' as const,
          'snapshot' as const,
          'release' as const,
          'releasing append' as const,
          'remove' as const,
        ),
        who: fc.nat(2),
        guess: fc.nat(3),
        off: fc.constantFrom(0, 0, 0, 0, -1, 1, 2),
      });

      /** The contract in a few lines that anybody can check by reading. */
      class Model {
        token: string | null = null;
        entries: string[] = [];
        snapshotSeq = 0;
        dropped = 0;
        writers: number[] = [];
        apply(o: Op, token: string, expected: string | null): string {
          const mine = this.token === token;
          const next = this.entries.length + 1 + o.off;
          switch (o.op) {
            case 'claim':
              if (this.token !== expected) return 'taken';
              this.token = token;
              return 'ok';
            case 'pass':
              if (!mine) return 'fenced';
              if (o.off !== 0) return 'seq';
              this.token = `target of ${token}`;
              return 'ok';
            case 'append':
            case 'releasing append':
              if (!mine) return 'fenced';
              if (o.off !== 0) return 'seq';
              this.entries.push(`${next} by ${token}`);
              if (o.op === 'releasing append') this.token = null;
              return 'ok';
            case 'snapshot': {
              const seq = this.entries.length + o.off;
              if (!mine) return 'fenced';
              if (seq <= this.snapshotSeq || seq > this.entries.length) return 'old';
              this.snapshotSeq = seq;
              this.dropped = Math.max(this.dropped, seq - 2);
              return 'ok';
            }
            case 'release':
              if (!mine) return 'fenced';
              this.token = null;
              return 'ok';
            case 'remove':
              return 'ok'; // at the end only
          }
        }
      }

      it('[J1] [J2] [J5] [O13] are answered as a dumb model of the contract answers them', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(op, { maxLength: 40 }), async ops => {
            const room = newRoom();
            assert.equal(await store.create(room), 'ok');
            const model = new Model();
            let round = 0;
            const tokens = ['a', 'b', 'c'];
            let lastTerm = 0;
            for (const o of ops) {
              if (o.op === 'remove') continue;
              // A token is never used twice: each claim makes its own.
              const mine =
                o.op === 'claim'
                  ? `${tokens[o.who]!}${++round}`
                  : o.guess === 0
                    ? `${tokens[o.who]!}${round}`
                    : (model.token ?? 'nobody');
              const expected = o.guess === 0 ? null : o.guess === 1 ? 'somebody' : model.token;
              const seq = model.entries.length + (o.op === 'snapshot' || o.op === 'pass' ? 0 : 1) + o.off;
              const want = model.apply(o, mine, expected);
              let got: string;
              if (o.op === 'claim') {
                const said = await claim(room.id, mine, expected);
                got = said.ok ? 'ok' : said.why;
                if (said.ok) {
                  assert.ok(said.term > lastTerm);
                  lastTerm = said.term;
                  assert.equal(said.seq, model.entries.length);
                  assert.equal(said.snapshotSeq, model.snapshotSeq);
                  assert.equal(said.firstSeq, model.dropped + 1);
                  assert.deepEqual(said.entries, model.entries.slice(model.dropped));
                  assert.equal(said.terms.at(-1)![1], model.entries.length + 1);
                  assert.ok(
                    said.terms.every(
                      ([t, first], i) => i === 0 || (t > said.terms[i - 1]![0] && first > said.terms[i - 1]![1]),
                    ),
                    'terms and their first seqs rise',
                  );
                }
              } else if (o.op === 'snapshot')
                got = await store.snapshot(room.id, { token: mine, seq, text: `snapshot ${seq}`, keep: 2 });
              else if (o.op === 'pass') {
                const said = await store.pass(room.id, {
                  token: mine,
                  seq,
                  to: { token: `target of ${mine}`, node: 'n', games },
                });
                got = said.ok ? 'ok' : said.why;
                if (said.ok) {
                  assert.ok(said.term > lastTerm);
                  lastTerm = said.term;
                  assert.equal(said.snapshotSeq, model.snapshotSeq);
                  assert.deepEqual(said.terms.at(-1), [said.term, model.entries.length + 1]);
                }
              } else if (o.op === 'release') got = await store.release(room.id, mine);
              else
                got = await store.append(room.id, {
                  token: mine,
                  seq,
                  entry: `${seq} by ${mine}`,
                  release: o.op === 'releasing append',
                });
              assert.equal(got, want, JSON.stringify(o));
              const owner = (await store.owner(room.id))!;
              assert.deepEqual([owner.token, owner.seq], [model.token, model.entries.length]);
            }
          }),
          { numRuns: 60 },
        );
      });
    });
  });
}
