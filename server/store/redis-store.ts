import { limits } from '../../shared/limits.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import { RedisAccess, type RedisAccessOptions } from './redis-access.ts';
import { RedisKeys } from './redis-keys.ts';
import { claimedOf, createArgsOf, factArg, makersOf, ownerOf, termsOf } from './redis-replies.ts';
import { RedisRoomIndex } from './redis-room-index.ts';
import type {
  AppendRequest,
  ClaimedRoom,
  ClaimRefusal,
  FindOrCreate,
  Found,
  HangReport,
  IndexedPage,
  KeptReplay,
  Life,
  Maker,
  NewRoom,
  OccupiedPage,
  OverQuota,
  Owner,
  PassRequest,
  PassResult,
  PeekedRoom,
  QuarantinedRoom,
  SnapshotRequest,
  Store,
} from './store.ts';
import { wholeMs } from './whole-ms.ts';

/** Rooms in Redis. A room has at most one append in flight, so its entries stay in order. */
export class RedisStore implements Store {
  private readonly keys: RedisKeys;
  private readonly access: RedisAccess;
  private readonly index: RedisRoomIndex;

  constructor(options: RedisAccessOptions) {
    this.keys = new RedisKeys(options.prefix);
    this.access = new RedisAccess(options);
    this.index = new RedisRoomIndex(this.access, this.keys);
  }

  get canPublishOnAppend(): boolean {
    return this.access.canPublish;
  }

  /** Resolves when it is connected; retries until then. */
  async connect(): Promise<void> {
    await this.access.connect();
  }
  /** Why the last connection attempt failed; null if unknown or connected. */
  get problem(): string | null {
    return this.access.problem;
  }
  /** The output of `INFO`, for the startup check. */
  info(): Promise<string> {
    return this.access.info();
  }
  setting(name: string): Promise<string | null> {
    return this.access.setting(name);
  }
  /** Commands that a node needs and its user may not run; null if Redis cannot tell. */
  forbiddenCommands(): Promise<string[] | null> {
    return this.access.forbiddenCommands();
  }

  async create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota> {
    const k = this.keys;
    const reply = (await this.access.runScript(
      'create',
      [k.meta(room.id), k.snapshot(room.id), k.code(room.code), k.lives, k.makers, k.made, k.terms, k.indexed],
      [...createArgsOf(room), makersOf(room), factArg(room.index)],
    )) as 'ok' | 'exists' | [how: 'quota', maker: string];
    return typeof reply === 'string' ? reply : { over: JSON.parse(reply[1]) as Maker };
  }

  async findOrCreate({
    game,
    pool,
    player,
    call,
    skip,
    search,
    prepared,
    reserveMs,
    rememberMs,
    rememberLastMs,
    repeatWithinMs,
  }: FindOrCreate): Promise<Found> {
    const k = this.keys;
    const id = prepared?.id ?? '';
    const [how, room] = (await this.access.runScript(
      'find-or-create',
      [
        k.offers,
        k.open,
        k.reviews,
        k.lives,
        k.call(player, game, call ?? ''),
        k.lastCall(player, game),
        k.meta(id),
        k.snapshot(id),
        k.code(prepared?.code ?? ''),
        k.makers,
        k.made,
        k.terms,
        k.indexed,
      ],
      [
        game,
        pool,
        player,
        String(reserveMs),
        String(rememberMs),
        String(repeatWithinMs),
        search ? '1' : '0',
        ...(prepared ? [...createArgsOf(prepared), JSON.stringify(prepared.offer)] : ['', '', '', '', '', '']),
        call === null ? '' : `:${call}`,
        prepared ? makersOf(prepared) : '[]',
        String(rememberLastMs),
        factArg(prepared?.index),
        ...skip,
      ],
    )) as [Found['how'], string];
    if (how === 'quota') return { how, over: JSON.parse(room) as Maker };
    return how === 'found' || how === 'made' ? { how, room } : how === 'none' ? { how } : { how: 'taken' };
  }

  async withdraw(id: string, player: string, pauseMs: number): Promise<void> {
    const k = this.keys;
    await this.access.runScript('withdraw', [k.offers, k.open, k.reviews], [id, player, String(pauseMs)]);
  }

  async discard(id: string, player: string): Promise<boolean> {
    return (await this.access.runScript('discard', this.keysOf(id, await this.codeOf(id)), [id, player])) === 'ok';
  }

  async claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal> {
    const k = this.keys;
    const reply = (await this.access.runScript(
      'claim',
      [k.meta(id), k.journal(id), k.snapshot(id), k.nodes],
      [
        claim.token,
        claim.node,
        claim.expected ?? '',
        String(claim.floor),
        String(Math.floor(Math.random() * 1024)),
        ` ${claim.games.join(' ')} `,
        String(limits.termsKept),
      ],
    )) as string[];
    switch (reply[0]) {
      case 'missing':
        return { ok: false, why: 'missing' };
      case 'game':
        return { ok: false, why: 'game', game: reply[1]! };
      case 'taken':
        return { ok: false, why: 'taken', owner: ownerOf(reply.slice(1)) };
      default:
        return claimedOf(reply);
    }
  }

  /** One transaction, so that the parts are consistent. Uses the read connection, since the reply may be large. */
  async peek(id: string): Promise<PeekedRoom | null> {
    const k = this.keys;
    const [meta, snapshot, entries] = await this.access.read(client =>
      client
        .multi()
        .hmGet(k.meta(id), ['node', 'tok', 'term', 'seq', 'terms', 'snap', 'first', 'game'])
        .get(k.snapshot(id))
        .lRange(k.journal(id), 0, -1)
        .execTyped(),
    );
    const m = meta.map(v => v ?? '');
    if (m[3] === '' || m[3] === undefined) return null;
    return {
      seq: Number(m[3]),
      terms: termsOf(m[4]!),
      snapshotSeq: Number(m[5]),
      snapshot: snapshot ?? '',
      firstSeq: Number(m[6]),
      entries,
      game: m[7]!,
      owner: ownerOf(m),
    };
  }

  async pass(
    id: string,
    { token, seq, to }: PassRequest,
  ): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }> {
    const reply = (await this.access.runScript(
      'pass',
      [this.keys.meta(id)],
      [
        token,
        String(seq),
        to.token,
        to.node,
        String(Math.floor(Math.random() * 1024)),
        ` ${to.games.join(' ')} `,
        String(limits.termsKept),
      ],
    )) as string[];
    if (reply[0] !== 'ok') return { ok: false, why: reply[0] as 'fenced' | 'seq' | 'game' };
    return { ok: true, term: Number(reply[1]), terms: termsOf(reply[2]!), snapshotSeq: Number(reply[3]) };
  }

  async append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'> {
    const k = this.keys;
    const { token, seq, entry, release, publish, ...facts } = append;
    const run = async (keys: string[], ...args: string[]): Promise<'ok' | 'fenced' | 'seq'> => {
      const { access } = this;
      if (!publish) return (await access.runScript('append', keys, args)) as 'ok' | 'fenced' | 'seq';
      for (const { node, text } of publish) args.push(k.inbox(node), text);
      return (await access.runPublishingScript('append', keys, args)) as 'ok' | 'fenced' | 'seq';
    };
    // Most entries change no indexed facts. The short form omits those arguments, which would be longer than the entry.
    if (!release && Object.keys(facts).length === 0) return run([k.meta(id), k.journal(id)], token, String(seq), entry);
    return run(
      [
        k.meta(id),
        k.journal(id),
        k.snapshot(id),
        k.due,
        k.summaries,
        k.listed,
        k.offers,
        k.open,
        k.reviews,
        k.quarantined,
        k.lives,
        k.code(append.life?.code ?? ''),
        k.replayParts(id, append.life?.match ?? 0),
        k.occupied,
        k.terms,
        k.indexed,
      ],
      token,
      String(seq),
      entry,
      id,
      append.due === undefined ? '' : append.due === null ? '-' : String(wholeMs(append.due)),
      factArg(append.summary),
      factArg(append.offer),
      append.life === undefined ? '' : String(wholeMs(append.life.ms)),
      append.game ?? '',
      release ? '1' : '0',
      factArg(append.quarantined),
      append.occupied === undefined ? '' : append.occupied ? '1' : '-',
      factArg(append.index),
    );
  }

  async renew(id: string, token: string, { ms, code, match }: Life): Promise<'ok' | 'fenced'> {
    const k = this.keys;
    return (await this.access.runScript(
      'renew',
      [k.meta(id), k.journal(id), k.snapshot(id), k.code(code), k.replayParts(id, match), k.lives],
      [token, String(wholeMs(ms)), id],
    )) as 'ok' | 'fenced';
  }

  async snapshot(
    id: string,
    { token, seq, text, keep, parts = [] }: SnapshotRequest,
  ): Promise<'ok' | 'fenced' | 'old'> {
    const k = this.keys;
    return (await this.access.runScript(
      'snapshot',
      [k.meta(id), k.journal(id), k.snapshot(id), ...parts.map(part => k.replayParts(id, part.match))],
      [token, String(seq), text, String(keep), ...parts.map(part => part.text)],
    )) as 'ok' | 'fenced' | 'old';
  }

  async replayParts(id: string, match: number): Promise<string[]> {
    return this.access.read(client => client.lRange(this.keys.replayParts(id, match), 0, -1));
  }

  async keepReplay(id: string, match: number, { text, life, most }: KeptReplay): Promise<void> {
    await this.access.runScript(
      'keep',
      [this.keys.replay(id, match), this.keys.replayParts(id, match), this.keys.replay(id, match - most)],
      [text ?? '', String(wholeMs(life))],
    );
  }

  async replay(id: string, match: number): Promise<string | null> {
    return this.access.read(client => client.get(this.keys.replay(id, match)));
  }

  async release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'> {
    const k = this.keys;
    return (await this.access.runScript(
      'release',
      [k.meta(id), k.quarantined, k.due, k.offers, k.open, k.reviews],
      [
        token,
        id,
        quarantine ? JSON.stringify({ why: quarantine.why, since: quarantine.since }) : '',
        quarantine ? String(wholeMs(quarantine.due)) : '',
      ],
    )) as 'ok' | 'fenced';
  }

  async reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'> {
    return (await this.access.runScript(
      'blame',
      [this.keys.meta(id)],
      [String(seq), blame.id, JSON.stringify(blame)],
    )) as 'ok' | 'seq';
  }
  async withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'> {
    return (await this.access.runScript('blame', [this.keys.meta(id)], [String(seq), run, ''])) as 'ok' | 'seq';
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    return this.index.quarantined(most);
  }

  async owner(id: string): Promise<Owner | null> {
    const m = await this.access.read(client => client.hmGet(this.keys.meta(id), ['node', 'tok', 'term', 'seq']));
    return m[3] === null || m[3] === undefined ? null : ownerOf(m.map(v => v ?? ''));
  }

  async byCode(code: string): Promise<string | null> {
    return this.access.read(client => client.get(this.keys.code(code)));
  }
  async codeOf(id: string): Promise<string | null> {
    return this.access.read(client => client.hGet(this.keys.meta(id), 'code'));
  }

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    return this.index.list(game, most);
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    return this.index.due(at, most, skip);
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    return this.index.occupied(after, most);
  }

  async indexed(term: string, after: string, most: number): Promise<IndexedPage> {
    return this.index.indexed(term, after, most);
  }

  async remove(id: string, token: string): Promise<'ok' | 'fenced'> {
    return (await this.access.runScript('remove', this.keysOf(id, await this.codeOf(id)), [token, id])) as
      | 'ok'
      | 'fenced';
  }

  /** The keys of a room and of all indexes, as `remove` and `discard` take them. */
  private keysOf(id: string, code: string | null): string[] {
    const k = this.keys;
    return [
      k.meta(id),
      k.journal(id),
      k.snapshot(id),
      k.code(code ?? ''),
      k.due,
      k.summaries,
      k.listed,
      k.offers,
      k.open,
      k.reviews,
      k.quarantined,
      k.lives,
      k.occupied,
      k.makers,
      k.made,
      k.terms,
      k.indexed,
    ];
  }

  async removeExpired(most: number): Promise<number> {
    const k = this.keys;
    return (await this.access.runScript(
      'sweep',
      [
        k.lives,
        k.summaries,
        k.listed,
        k.offers,
        k.open,
        k.reviews,
        k.due,
        k.quarantined,
        k.occupied,
        k.makers,
        k.made,
        k.terms,
        k.indexed,
      ],
      [String(most)],
    )) as number;
  }

  async memoryUsage(): Promise<number | null> {
    const info = await this.access.read(client => client.sendCommand<string>(['INFO', 'memory']));
    const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const most = figure('maxmemory');
    return most > 0 ? figure('used_memory') / most : null;
  }

  probe(): Promise<boolean> {
    return this.access.probe(this.keys.probe);
  }

  onIncarnation(changed: () => void): void {
    this.access.onIncarnation(changed);
  }

  async close(): Promise<void> {
    this.access.close();
  }
}
