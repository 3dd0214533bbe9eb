import {
  anyPool,
  type AppendRequest,
  type HangReport,
  type FindOrCreate,
  type NewRoom,
  type RoomIndexRecord,
  type Offer,
  type SnapshotRequest,
  type Store,
} from '../../../server/store/store.ts';
import type { RoomSummary } from '../../../shared/protocol.ts';

/**
 * A call that both stores get. Terms differ between stores: `term` is the last that the store at hand gave.
 */
export interface StoreCall {
  what: string;
  /** Whose terms are in the reply. */
  room?: string;
  ask(store: Store, own: { term: number }): Promise<unknown>;
}
type Draw = (n: number) => number;
interface Operation {
  name: string;
  weight: number;
  draw(draw: Draw, n: number): StoreCall;
}

const rooms = ['r1', 'r2'];
const tokens = ['ta', 'tb', 'tc'];
const games = ['game@1', 'game@2'];
const pick = <T>(draw: Draw, list: readonly T[]): T => list[draw(list.length)]!;
const maybe = <T>(draw: Draw, value: () => T): T | undefined => (draw(3) === 0 ? value() : undefined);
/** Only what was drawn: an absent key and one that is undefined are the same to both stores. */
const given = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined)) as T;
const said = (name: string, ...args: unknown[]): string => `${name}(${args.map(a => JSON.stringify(a)).join(', ')})`;

const summary = (draw: Draw, id: string, n: number): RoomSummary | null =>
  draw(4) === 0
    ? null
    : {
        id,
        code: `C${id}`,
        game: pick(draw, ['game', 'other']),
        phase: pick(draw, ['waiting', 'playing']),
        open: draw(2) === 0,
        seated: draw(3),
        seats: 3,
        options: { ключ: '«♟»' },
        names: ['Ada'],
        since: 1_000 + n,
      };

/** Game, pool and creation of a room never change. */
const offered = (id: string) => ({ game: 'game', pool: id === 'r1' ? 'p1' : 'p2', since: id === 'r1' ? 1_100 : 1_050 });
const offer = (draw: Draw, id: string): Offer | null =>
  draw(4) === 0
    ? null
    : {
        ...offered(id),
        free: draw(3),
        present: draw(3) > 0,
        players: draw(2) === 0 ? [] : [pick(draw, ['ада', 'bob', 'eve'])],
      };

const terms = ['all', 'one', 'two', 'three'];
const index = (draw: Draw, n: number): RoomIndexRecord => ({
  terms: terms.filter(() => draw(2) === 0),
  text: draw(2) === 0 ? 'same' : `«${n}»`,
});

/** Every operation of the contract has an element. */
export const operations: readonly Operation[] = [
  {
    name: 'create',
    weight: 3,
    draw: draw => {
      const room = {
        id: pick(draw, rooms),
        code: pick(draw, ['C1', 'C2']),
        game: pick(draw, games),
        snapshot: 'snapshot 0',
        life: 3_600_000,
        ...given({ index: maybe(draw, () => index(draw, 0)) }),
      } as NewRoom;
      return { room: room.id, what: said('create', room), ask: store => store.create(room) };
    },
  },
  {
    name: 'claim',
    weight: 6,
    draw: draw => {
      const [id, claim, above] = [
        pick(draw, rooms),
        {
          token: pick(draw, tokens),
          node: pick(draw, ['n1', 'n2']),
          expected: pick(draw, [null, null, ...tokens]),
          games: pick(draw, [games, games, ['game@1']]),
        },
        draw(3) === 0,
      ];
      return {
        room: id,
        what: said('claim', id, claim, above ? 'floor: the last term + 7' : 'floor: 0'),
        ask: (store, own) => store.claim(id, { ...claim, floor: above ? own.term + 7 : 0 }),
      };
    },
  },
  {
    name: 'append',
    weight: 14,
    draw: (draw, n) => {
      const id = pick(draw, rooms);
      const append: AppendRequest = given({
        token: pick(draw, tokens),
        seq: 1 + draw(6),
        entry: `entry ${n} ž`,
        due: maybe(draw, () => (draw(3) === 0 ? null : 5_000 + 10 * draw(9) + n / 100)),
        summary: maybe(draw, () => summary(draw, id, n)),
        life: maybe(draw, () => ({ ms: 3_600_000, code: 'unused', match: 1 + draw(2) })),
        game: maybe(draw, () => pick(draw, games)),
        release: maybe(draw, () => draw(2) === 0),
        quarantined: maybe(draw, () => (draw(2) === 0 ? null : { why: `why ${n}`, since: 1_000 + n })),
        index: maybe(draw, () => (draw(4) === 0 ? null : index(draw, n))),
      }) as AppendRequest;
      if (append.due) append.due = Math.round(append.due * 100);
      return { what: said('append', id, append), ask: store => store.append(id, append) };
    },
  },
  {
    name: 'append the next',
    weight: 12,
    draw: (draw, n) => {
      const id = pick(draw, rooms);
      const facts = given({
        due: maybe(draw, () => (draw(3) === 0 ? null : 500_000 + n)),
        summary: maybe(draw, () => summary(draw, id, n)),
        offer: draw(2) === 0 ? offer(draw, id) : undefined,
        index: maybe(draw, () => (draw(4) === 0 ? null : index(draw, n))),
      });
      return {
        what: said('append the next', id, facts),
        ask: async store => {
          const owner = await store.owner(id);
          return owner?.token
            ? store.append(id, {
                token: owner.token,
                seq: owner.seq + 1,
                entry: `entry ${n}`,
                ...facts,
              } as AppendRequest)
            : 'nobody owns it';
        },
      };
    },
  },
  {
    name: 'claim from its owner',
    weight: 5,
    draw: draw => {
      const [id, token, node] = [pick(draw, rooms), pick(draw, tokens), pick(draw, ['n1', 'n2'])];
      return {
        room: id,
        what: said('claim from its owner', id, token),
        ask: async (store, own) =>
          store.claim(id, { token, node, expected: (await store.owner(id))?.token ?? null, floor: own.term, games }),
      };
    },
  },
  {
    name: 'snapshot',
    weight: 6,
    draw: (draw, n) => {
      const id = pick(draw, rooms);
      const snapshot = given({
        token: pick(draw, tokens),
        seq: draw(6),
        text: `snapshot ${n}`,
        keep: draw(3),
        parts: maybe(draw, () => [
          { match: 1, text: `part ${n}` },
          ...(draw(2) ? [{ match: 2, text: `part ${n} of the next` }] : []),
        ]),
      }) as SnapshotRequest;
      return { what: said('snapshot', id, snapshot), ask: store => store.snapshot(id, snapshot) };
    },
  },
  {
    name: 'snapshot by its owner',
    weight: 4,
    draw: (draw, n) => {
      const [id, keep, match] = [pick(draw, rooms), draw(3), 1 + draw(2)];
      return {
        what: said('snapshot by its owner', id, keep, match),
        ask: async store => {
          const owner = await store.owner(id);
          return owner?.token
            ? store.snapshot(id, {
                token: owner.token,
                seq: owner.seq,
                text: `snapshot ${n}`,
                keep,
                parts: [{ match, text: `part ${n}` }],
              })
            : 'nobody owns it';
        },
      };
    },
  },
  {
    name: 'renew',
    weight: 1,
    draw: draw => {
      const args = [
        pick(draw, rooms),
        pick(draw, tokens),
        { ms: 3_600_000, code: 'unused', match: 1 + draw(2) },
      ] as const;
      return { what: said('renew', ...args), ask: store => store.renew(...args) };
    },
  },
  {
    name: 'release',
    weight: 2,
    draw: (draw, n) => {
      const aside = maybe(draw, () => ({ why: `unreadable ${n}`, since: 2_000 + n, due: 490_000 + draw(20_000) }));
      const args = [pick(draw, rooms), pick(draw, tokens), ...(aside ? [aside] : [])] as const;
      return { what: said('release', ...args), ask: store => store.release(...(args as unknown as [string, string])) };
    },
  },
  {
    name: 'peek',
    weight: 2,
    draw: draw => {
      const id = pick(draw, [...rooms, 'none']);
      return { room: id, what: said('peek', id), ask: store => store.peek(id) };
    },
  },
  {
    name: 'pass',
    weight: 2,
    draw: draw => {
      const [id, pass] = [
        pick(draw, rooms),
        {
          token: pick(draw, tokens),
          seq: draw(6),
          to: {
            token: pick(draw, tokens),
            node: pick(draw, ['n1', 'n2']),
            games: pick(draw, [games, games, ['game@1']]),
          },
        },
      ];
      return { room: id, what: said('pass', id, pass), ask: store => store.pass(id, pass) };
    },
  },
  {
    name: 'pass by its owner',
    weight: 4,
    draw: draw => {
      const [id, token, node] = [pick(draw, rooms), pick(draw, tokens), pick(draw, ['n1', 'n2'])];
      return {
        room: id,
        what: said('pass by its owner', id, token, node),
        ask: async store => {
          const owner = await store.owner(id);
          return owner?.token
            ? store.pass(id, { token: owner.token, seq: owner.seq, to: { token, node, games } })
            : 'nobody owns it';
        },
      };
    },
  },
  {
    name: 'blame',
    weight: 2,
    draw: (draw, n) => {
      const [id, ahead, run] = [pick(draw, rooms), draw(4) === 0 ? 1 : 0, pick(draw, ['run-1', 'run-12', 'run-2'])];
      const blame: HangReport = {
        id: run,
        input: 'act',
        rule: 'actions.go',
        player: 'ада',
        session: 's',
        n,
        who: 'a\nb',
      };
      return {
        what: said('blame', id, ahead, blame),
        ask: async store => store.reportHang(id, ((await store.owner(id))?.seq ?? 0) + ahead, blame),
      };
    },
  },
  {
    name: 'unblame',
    weight: 1,
    draw: draw => {
      const [id, run] = [pick(draw, rooms), pick(draw, ['run-1', 'run-12', 'run-2'])];
      return {
        what: said('unblame', id, run),
        ask: async store => store.withdrawHangReport(id, (await store.owner(id))?.seq ?? 0, run),
      };
    },
  },
  {
    name: 'quarantined',
    weight: 2,
    draw: draw => {
      const most = 1 + draw(3);
      return { what: said('quarantined', most), ask: store => store.quarantined(most) };
    },
  },
  {
    name: 'remove',
    weight: 1,
    draw: draw => {
      const args = [pick(draw, rooms), pick(draw, tokens)] as const;
      return { what: said('remove', ...args), ask: store => store.remove(...args) };
    },
  },
  {
    name: 'remove by its owner',
    weight: 1,
    draw: draw => {
      const id = pick(draw, rooms);
      return {
        what: said('remove by its owner', id),
        ask: async store => {
          const owner = await store.owner(id);
          return owner?.token ? store.remove(id, owner.token) : 'nobody owns it';
        },
      };
    },
  },
  {
    name: 'owner',
    weight: 2,
    draw: draw => {
      const id = pick(draw, [...rooms, 'none']);
      return { room: id, what: said('owner', id), ask: store => store.owner(id) };
    },
  },
  {
    name: 'byCode',
    weight: 1,
    draw: draw => {
      const code = pick(draw, ['C1', 'C2', 'C3']);
      return { what: said('byCode', code), ask: store => store.byCode(code) };
    },
  },
  {
    name: 'codeOf',
    weight: 1,
    draw: draw => {
      const id = pick(draw, rooms);
      return { what: said('codeOf', id), ask: store => store.codeOf(id) };
    },
  },
  {
    name: 'list',
    weight: 2,
    draw: draw => {
      const args = [pick(draw, [null, 'game', 'other']), 1 + draw(3)] as const;
      return { what: said('list', ...args), ask: store => store.list(...args) };
    },
  },
  {
    name: 'indexed',
    weight: 3,
    draw: draw => {
      const args = [pick(draw, terms), pick(draw, ['', '', 'made-3', 'r1']), 1 + draw(3)] as const;
      return { what: said('indexed', ...args), ask: store => store.indexed(...args) };
    },
  },
  {
    name: 'findOrCreate',
    weight: 6,
    draw: (draw, n) => {
      const [game, pool] = [pick(draw, ['game', 'other']), pick(draw, ['p1', 'p2'])];
      const id = pick(draw, [...rooms, `made-${n}`]);
      const request: FindOrCreate = {
        game,
        pool: pick(draw, [anyPool, pool]),
        player: pick(draw, ['ада', 'bob', 'eve']),
        call: pick(draw, [null, 'c1', 'c2']),
        skip: maybe(draw, () => [pick(draw, rooms)]) ?? [],
        search: draw(6) > 0,
        prepared:
          draw(4) === 0
            ? null
            : {
                id,
                code: `Q${id}`,
                game: 'game@1',
                snapshot: 'snapshot 0',
                life: 3_600_000,
                ...(draw(3) === 0 ? { index: index(draw, n) } : {}),
                offer: {
                  ...(rooms.includes(id) ? offered(id) : { game, pool, since: 1_000 + n }),
                  free: 2,
                  present: false,
                  players: [],
                },
              },
        reserveMs: 3_600_000,
        rememberMs: 3_600_000,
        rememberLastMs: 3_600_000,
        repeatWithinMs: pick(draw, [0, 3_600_000]),
      };
      return { room: id, what: said('findOrCreate', request), ask: store => store.findOrCreate(request) };
    },
  },
  {
    name: 'withdraw',
    weight: 2,
    draw: draw => {
      const args = [pick(draw, rooms), pick(draw, ['ада', 'bob', 'eve']), pick(draw, [0, 0, 3_600_000])] as const;
      return { what: said('withdraw', ...args), ask: store => store.withdraw(...args) };
    },
  },
  { name: 'sweep', weight: 1, draw: () => ({ what: 'sweep(10)', ask: store => store.removeExpired(10) }) },
  {
    name: 'due',
    weight: 2,
    draw: draw => {
      const args = [490_000 + draw(20_000), 1 + draw(3)] as const;
      return { what: said('due', ...args), ask: store => store.due(...args) };
    },
  },
  {
    name: 'replayParts',
    weight: 1,
    draw: draw => {
      const args = [pick(draw, rooms), 1 + draw(2)] as const;
      return { what: said('replayParts', ...args), ask: store => store.replayParts(...args) };
    },
  },
  {
    name: 'keepReplay',
    weight: 1,
    draw: (draw, n) => {
      const [id, match, text] = [pick(draw, rooms), 1 + draw(2), `replay ${n}`];
      return {
        what: said('keepReplay', id, match, text),
        ask: store => store.keepReplay(id, match, { text, life: 3_600_000, most: 1 }),
      };
    },
  },
  {
    name: 'replay',
    weight: 1,
    draw: draw => {
      const args = [pick(draw, rooms), 1 + draw(2)] as const;
      return { what: said('replay', ...args), ask: store => store.replay(...args) };
    },
  },
  { name: 'probe', weight: 1, draw: () => ({ what: 'probe()', ask: store => store.probe() }) },
];

const chosen = operations.flatMap(o => Array<Operation>(o.weight).fill(o));

/** A sequence of so many operations, the same for the same `random`: first a room that somebody owns, as most have. */
export function drawSequence(random: () => number, length: number): StoreCall[] {
  const draw: Draw = n => Math.floor(random() * n);
  const begin = operations.filter(o => ['create', 'claim from its owner'].includes(o.name)).map(o => o.draw(draw, 0));
  return [...begin, ...Array.from({ length }, (_x, n) => pick(draw, chosen).draw(draw, n + 1))];
}

/** Calls that read everything that a sequence can have stored. */
export function readEverything(): StoreCall[] {
  return [
    ...rooms.flatMap(id => [
      { room: id, what: said('peek', id), ask: (store: Store) => store.peek(id) },
      { room: id, what: said('owner', id), ask: (store: Store) => store.owner(id) },
      { what: said('codeOf', id), ask: (store: Store) => store.codeOf(id) },
      ...[1, 2].flatMap(match => [
        { what: said('replayParts', id, match), ask: (store: Store) => store.replayParts(id, match) },
        { what: said('replay', id, match), ask: (store: Store) => store.replay(id, match) },
      ]),
    ]),
    { what: 'list(null, 100)', ask: store => store.list(null, 100) },
    { what: 'quarantined(100)', ask: store => store.quarantined(100) },
    ...terms.map(term => ({
      what: said('indexed', term),
      ask: (store: Store) => store.indexed(term, '', 100),
    })),
    { what: 'due(1e12, 100)', ask: store => store.due(1e12, 100) },
    ...['ада', 'bob', 'eve'].flatMap(player =>
      [null, 'c1', 'c2'].map(call => ({
        what: said('findOrCreate', player, call),
        ask: (store: Store) =>
          store.findOrCreate({
            game: 'game',
            pool: anyPool,
            player,
            call,
            skip: [],
            search: true,
            prepared: null,
            reserveMs: 3_600_000,
            rememberMs: 3_600_000,
            rememberLastMs: 3_600_000,
            repeatWithinMs: 0,
          }),
      })),
    ),
  ];
}
