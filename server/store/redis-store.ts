import { ErrorReply } from 'redis';
import { limits } from '../../shared/limits.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import type { Clock, Log, NodeRecord } from '../runtime/ports.ts';
import {
  StoreError,
  type AppendRequest,
  type HangReport,
  type ClaimedRoom,
  type FindOrCreate,
  type Found,
  type Life,
  type ClaimRefusal,
  type Maker,
  type NewRoom,
  type OccupiedPage,
  type OverQuota,
  type Owner,
  type PassRequest,
  type PassResult,
  type PeekedRoom,
  type QuarantinedRoom,
  type ReplayPart,
  type Store,
} from './store.ts';
import type { TermStarts } from '../../shared/position.ts';
import type { RedisClient } from './redis-client.ts';
import { locatorOf, type RedisAddress } from './redis-locator.ts';
import { forbiddenScript, neededCommands } from './redis-commands.ts';
import { RedisKeys } from './redis-keys.ts';
import { RedisUnavailableError, RedisConnection, type RedisIdentity, type RedisLocator } from './redis-connection.ts';
import { ReplicaGate } from './replica-gate.ts';
import { loadScripts, type Script, type ScriptName } from './scripts.ts';
import { wholeMs } from './whole-ms.ts';

/** Error replies that mean that Redis as a whole takes no writes now. The command was not executed. */
const storeUnavailable =
  /^(OOM|READONLY|MISCONF|LOADING|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|NOPERM)/;

/** Error replies that need an operator: a missing right, a key of the wrong type, a failing script. */
const isFault = /^(ERR|NOPERM|WRONGTYPE)/;
/** Minimum interval between two log messages about such errors, ms. */
const FAULT_REPORT_INTERVAL = 60_000;

/**
 * Scripts whose writes are not acknowledged to clients. The next owner's claim waits for the replicas, and thereby for
 * these writes.
 */
const unconfirmedScripts: ReadonlySet<ScriptName> = new Set<ScriptName>([
  'snapshot',
  'renew',
  'keep',
  'release',
  'remove',
  'blame',
  'withdraw',
  'discard',
  'sweep',
]);

/** Maximum number of concurrent appends that publish. Beyond it, separate batched messages are cheaper. */
const MAX_PUBLISHING_APPENDS = 4;

/**
 * Rooms in Redis.
 * Writes use one connection, in the order in which they are decided. Reads use another, so that a long list does not
 * delay an append. An append that publishes uses the bus connection, so that its messages stay in order with the node's
 * other messages. A room has at most one append in flight, so its entries stay in order.
 */
export class RedisStore implements Store {
  private readonly keys: RedisKeys;
  private readonly scripts: Record<ScriptName, Script> = loadScripts();
  private readonly locator: RedisLocator;
  private readonly writeConnection: RedisConnection;
  private readonly readConnection: RedisConnection;
  private readonly deadline: number;
  private identity: RedisIdentity | null = null;
  /** Gate of the write connection; null if no replicas have to confirm. */
  private replicaGate: ReplicaGate | null = null;
  private readonly incarnations: (() => void)[] = [];
  private faultReportedAt = -Infinity;
  /** Number of publishing appends in flight. */
  private publishingAppends = 0;

  /**
   * `waitReplicas`: number of replicas that must have a write before it is acknowledged. `publishConnection`: the bus
   * connection of this node.
   */
  constructor(
    private readonly options: RedisAddress & {
      prefix: string;
      clock: Clock;
      log: Log;
      deadline?: number;
      waitReplicas?: number | undefined;
      publishConnection?: RedisConnection;
    },
  ) {
    const { waitReplicas = 0 } = options;
    this.keys = new RedisKeys(options.prefix);
    this.deadline = options.deadline ?? limits.storeTimeout;
    this.locator = locatorOf(options);
    this.writeConnection = new RedisConnection(this.locator, 'rejoin-writes', options);
    this.readConnection = new RedisConnection(this.locator, 'rejoin-reads', options);
    this.writeConnection.onReady(identity => {
      this.replicaGate =
        waitReplicas === 0
          ? null
          : new ReplicaGate(this.writeClient, waitReplicas, { clock: options.clock, deadline: this.deadline });
      this.checkIdentity(identity);
    });
    options.publishConnection?.onReady(identity => this.checkIdentity(identity));
  }

  /** False if replicas have to confirm: an entry is then not yet durable when the script publishes. */
  get canPublishOnAppend(): boolean {
    return (
      this.publishingAppends < MAX_PUBLISHING_APPENDS &&
      (this.options.publishConnection?.isReady ?? false) &&
      (this.options.waitReplicas ?? 0) === 0
    );
  }

  private get writeClient(): RedisClient {
    return this.writeConnection.client;
  }
  private get readClient(): RedisClient {
    return this.readConnection.client;
  }

  /** Resolves when both connections are open; retries until then. */
  async connect(): Promise<void> {
    await Promise.all([this.writeConnection.connect(), this.readConnection.connect()]);
  }
  /** Why the last connection attempt failed; null if unknown or connected. */
  get problem(): string | null {
    return this.writeConnection.problem ?? this.readConnection.problem;
  }

  /** The output of `INFO`, for the startup check. */
  info(): Promise<string> {
    return this.readClient.sendCommand(['INFO']);
  }
  async setting(name: string): Promise<string | null> {
    const reply = await this.readClient.configGet(name);
    return reply[name] ?? null;
  }
  /**
   * Commands that a node needs and its user may not run; null if Redis cannot tell. PSUBSCRIBE is not checked, because
   * the right to it depends on the pattern.
   */
  async forbiddenCommands(): Promise<string[] | null> {
    try {
      return (await this.readClient.eval(forbiddenScript, {
        keys: [`${this.options.prefix}rights`],
        arguments: neededCommands().filter(command => command !== 'psubscribe'),
      })) as string[];
    } catch (error) {
      if (error instanceof ErrorReply && error.message.startsWith('NOPERM')) return ['eval'];
      this.options.log.debug({ error }, 'redis command rights unknown');
      return null;
    }
  }

  async create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota> {
    const k = this.keys;
    const reply = (await this.runScript(
      'create',
      [k.meta(room.id), k.snapshot(room.id), k.code(room.code), k.lives, k.makers, k.made],
      [...createArgsOf(room), makersOf(room)],
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
    const [how, room] = (await this.runScript(
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
        ...skip,
      ],
    )) as [Found['how'], string];
    if (how === 'quota') return { how, over: JSON.parse(room) as Maker };
    return how === 'found' || how === 'made' ? { how, room } : how === 'none' ? { how } : { how: 'taken' };
  }

  async withdraw(id: string, player: string, pauseMs: number): Promise<void> {
    const k = this.keys;
    await this.runScript('withdraw', [k.offers, k.open, k.reviews], [id, player, String(pauseMs)]);
  }

  async discard(id: string, player: string): Promise<boolean> {
    return (await this.runScript('discard', this.keysOf(id, await this.codeOf(id)), [id, player])) === 'ok';
  }

  async claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal> {
    const k = this.keys;
    const reply = (await this.runScript(
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
    const [meta, snapshot, entries] = await this.read(() =>
      this.readClient
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
    const reply = (await this.runScript(
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
    const { publish: messages } = append;
    if (!messages) return this.writeEntry(id, append, this.writeConnection, []);
    this.publishingAppends += 1;
    try {
      return await this.writeEntry(
        id,
        append,
        this.options.publishConnection!,
        messages.flatMap(({ node, text }) => [this.keys.inbox(node), text]),
      );
    } finally {
      this.publishingAppends -= 1;
    }
  }

  private async writeEntry(
    id: string,
    append: AppendRequest,
    connection: RedisConnection,
    publishArgs: readonly string[],
  ): Promise<'ok' | 'fenced' | 'seq'> {
    const k = this.keys;
    const { token, seq, entry, release, publish: _, ...facts } = append;
    // Most entries change no indexed facts. The short form omits those arguments, which would be longer than the entry.
    if (!release && Object.keys(facts).length === 0)
      return (await this.runScript(
        'append',
        [k.meta(id), k.journal(id)],
        [token, String(seq), entry, ...publishArgs],
        connection,
      )) as 'ok' | 'fenced' | 'seq';
    const json = (value: unknown) => (value === undefined ? '' : value === null ? '-' : JSON.stringify(value));
    return (await this.runScript(
      'append',
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
      ],
      [
        token,
        String(seq),
        entry,
        id,
        append.due === undefined ? '' : append.due === null ? '-' : String(wholeMs(append.due)),
        json(append.summary),
        json(append.offer),
        append.life === undefined ? '' : String(wholeMs(append.life.ms)),
        append.game ?? '',
        release ? '1' : '0',
        json(append.quarantined),
        append.occupied === undefined ? '' : append.occupied ? '1' : '-',
        ...publishArgs,
      ],
      connection,
    )) as 'ok' | 'fenced' | 'seq';
  }

  async renew(id: string, token: string, { ms, code, match }: Life): Promise<'ok' | 'fenced'> {
    const k = this.keys;
    return (await this.runScript(
      'renew',
      [k.meta(id), k.journal(id), k.snapshot(id), k.code(code), k.replayParts(id, match), k.lives],
      [token, String(wholeMs(ms)), id],
    )) as 'ok' | 'fenced';
  }

  async snapshot(
    id: string,
    token: string,
    seq: number,
    text: string,
    keep: number,
    parts: readonly ReplayPart[] = [],
  ): Promise<'ok' | 'fenced' | 'old'> {
    const k = this.keys;
    return (await this.runScript(
      'snapshot',
      [k.meta(id), k.journal(id), k.snapshot(id), ...parts.map(part => k.replayParts(id, part.match))],
      [token, String(seq), text, String(keep), ...parts.map(part => part.text)],
    )) as 'ok' | 'fenced' | 'old';
  }

  async replayParts(id: string, match: number): Promise<string[]> {
    return this.read(() => this.readClient.lRange(this.keys.replayParts(id, match), 0, -1));
  }

  async keepReplay(id: string, match: number, text: string | null, life: number, most: number): Promise<void> {
    await this.runScript(
      'keep',
      [this.keys.replay(id, match), this.keys.replayParts(id, match), this.keys.replay(id, match - most)],
      [text ?? '', String(wholeMs(life))],
    );
  }

  async replay(id: string, match: number): Promise<string | null> {
    return this.read(() => this.readClient.get(this.keys.replay(id, match)));
  }

  async release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'> {
    const k = this.keys;
    return (await this.runScript(
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
    return (await this.runScript('blame', [this.keys.meta(id)], [String(seq), blame.id, JSON.stringify(blame)])) as
      | 'ok'
      | 'seq';
  }
  async withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'> {
    return (await this.runScript('blame', [this.keys.meta(id)], [String(seq), run, ''])) as 'ok' | 'seq';
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    const lines = Object.entries(await this.read(() => this.readClient.hGetAll(this.keys.quarantined)));
    const metas = await this.read(() =>
      Promise.all(lines.map(([id]) => this.readClient.hmGet(this.keys.meta(id), ['code', 'game']))),
    );
    // Rooms expire without removing their fields here; readers remove them.
    const gone = lines.filter((_l, i) => typeof metas[i]![0] !== 'string').map(([id]) => id);
    if (gone.length > 0) await this.read(() => this.readClient.hDel(this.keys.quarantined, gone));
    return lines
      .flatMap(([id, text], i) => {
        const [code, game] = metas[i]!;
        return typeof code === 'string' && typeof game === 'string'
          ? [
              {
                id,
                code,
                game: game.slice(0, game.lastIndexOf('@')),
                ...(JSON.parse(text) as { why: string; since: number }),
              },
            ]
          : [];
      })
      .sort((a, b) => a.since - b.since)
      .slice(0, most);
  }

  async owner(id: string): Promise<Owner | null> {
    const m = await this.read(() => this.readClient.hmGet(this.keys.meta(id), ['node', 'tok', 'term', 'seq']));
    return m[3] === null || m[3] === undefined ? null : ownerOf(m.map(v => v ?? ''));
  }

  async byCode(code: string): Promise<string | null> {
    return this.read(() => this.readClient.get(this.keys.code(code)));
  }
  async codeOf(id: string): Promise<string | null> {
    return this.read(() => this.readClient.hGet(this.keys.meta(id), 'code'));
  }

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    const found: RoomSummary[] = [];
    for (let from = `(${game ?? ''}}`; found.length < most;) {
      const members = await this.read(() =>
        this.readClient.zRange(this.keys.listed, from, `[${game ?? ''}|`, {
          BY: 'LEX',
          REV: true,
          LIMIT: { offset: 0, count: most - found.length },
        }),
      );
      found.push(...(await this.summaries(members.map(member => member.slice(member.lastIndexOf('|') + 1)))));
      if (members.length === 0) break;
      from = `(${members.at(-1)!}`;
    }
    return found;
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    const late = await this.read(() =>
      this.readClient.zRangeWithScores(this.keys.due, '-inf', at, {
        BY: 'SCORE',
        LIMIT: { offset: skip, count: most },
      }),
    );
    const there = await this.read(() =>
      Promise.all(late.map(({ value }) => this.readClient.exists(this.keys.meta(value)))),
    );
    const gone = late.filter((_l, i) => there[i] === 0).map(l => l.value);
    if (gone.length > 0) {
      await this.read(() => this.readClient.zRem(this.keys.due, gone));
      return this.due(at, most, skip); // the removed ones no longer count in `skip`
    }
    return late.map(({ value, score }) => ({ id: value, at: score }));
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    const ids = await this.read(() =>
      this.readClient.zRange(this.keys.occupied, after === '' ? '-' : `(${after}`, '+', {
        BY: 'LEX',
        LIMIT: { offset: 0, count: most },
      }),
    );
    const metas = await this.read(() =>
      Promise.all(ids.map(id => this.readClient.hmGet(this.keys.meta(id), ['node', 'seq']))),
    );
    // The script `sweep` removes expired rooms from the index.
    const rooms = ids.flatMap((id, i) =>
      typeof metas[i]![1] === 'string' ? [{ id, node: metas[i]![0] ?? null }] : [],
    );
    return { rooms, next: ids.length < most ? null : ids.at(-1)! };
  }

  async remove(id: string, token: string): Promise<'ok' | 'fenced'> {
    return (await this.runScript('remove', this.keysOf(id, await this.codeOf(id)), [token, id])) as 'ok' | 'fenced';
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
    ];
  }

  async removeExpired(most: number): Promise<number> {
    const k = this.keys;
    return (await this.runScript(
      'sweep',
      [k.lives, k.summaries, k.listed, k.offers, k.open, k.reviews, k.due, k.quarantined, k.occupied, k.makers, k.made],
      [String(most)],
    )) as number;
  }

  async memoryUsage(): Promise<number | null> {
    const info = await this.read(() => this.readClient.sendCommand<string>(['INFO', 'memory']));
    const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const most = figure('maxmemory');
    return most > 0 ? figure('used_memory') / most : null;
  }

  async probe(): Promise<boolean> {
    if (!this.writeConnection.isReady || !this.identity) return false;
    if (!(await this.withDeadline(this.writeConnection.isSameMaster(this.identity), 'probe'))) return false;
    await this.withDeadline(
      this.writeClient.set(this.keys.probe, String(this.options.clock.now()), {
        expiration: { type: 'PX', value: 60_000 },
      }),
      'probe',
    );
    return true;
  }

  onIncarnation(changed: () => void): void {
    this.incarnations.push(changed);
  }

  async close(): Promise<void> {
    this.writeConnection.close();
    this.readConnection.close();
  }

  /** Summaries of the rooms that still exist; `sweep` removes the others. */
  private async summaries(ids: string[]): Promise<RoomSummary[]> {
    if (ids.length === 0) return [];
    const [texts, there] = await this.read(() =>
      Promise.all([
        this.readClient.hmGet(this.keys.summaries, ids),
        Promise.all(ids.map(id => this.readClient.exists(this.keys.meta(id)))),
      ]),
    );
    return texts.flatMap((text, i) =>
      text !== null && text !== undefined && there[i] !== 0 ? [JSON.parse(text) as RoomSummary] : [],
    );
  }

  private async runScript(
    name: ScriptName,
    keys: string[],
    args: string[],
    connection = this.writeConnection,
  ): Promise<unknown> {
    if (!connection.isReady) throw new StoreError('no', true, 'redis is unavailable');
    const script = this.scripts[name];
    if (!hasValidKeyCount(name, keys.length, script.keys))
      throw new Error(`${name}.lua takes ${script.keys} keys, was given ${keys.length}`);
    try {
      return await this.runConfirmed(name, connection, client => client.evalSha(script.sha, { keys, arguments: args }));
    } catch (error) {
      // Redis has lost its script cache. Nothing was executed, so the same token and seq may be sent again.
      if (
        !(error instanceof StoreError) ||
        !(error.cause instanceof ErrorReply) ||
        !error.cause.message.startsWith('NOSCRIPT')
      )
        throw error;
      return this.runConfirmed(name, connection, client => client.eval(script.text, { keys, arguments: args }));
    }
  }

  /** Sends a script, followed on the same connection by WAIT for its writes. */
  private async runConfirmed(
    name: ScriptName,
    connection: RedisConnection,
    send: (client: RedisClient) => Promise<unknown>,
  ): Promise<unknown> {
    const { replicaGate } = this;
    const sent = this.withDeadline(send(connection.client), name);
    if (!replicaGate || unconfirmedScripts.has(name)) return sent;
    const confirmation = replicaGate.waitForReplicas();
    confirmation.catch(() => {}); // a failure of the script takes precedence
    const reply = await sent;
    // A script that wrote nothing needs no confirmation.
    if (reply === 'ok' || (Array.isArray(reply) && (reply[0] === 'ok' || reply[0] === 'made'))) await confirmation;
    return reply;
  }

  private async read<T>(ask: () => Promise<T>): Promise<T> {
    return this.withDeadline(Promise.resolve().then(ask), 'read');
  }

  /**
   * Rejects with a StoreError, which tells whether the command may have been executed, on failure or at the deadline.
   */
  private withDeadline<T>(asked: Promise<T>, what: string): Promise<T> {
    const { deadline } = this;
    return new Promise((resolve, reject) => {
      const timer = this.options.clock.after(deadline, () =>
        reject(new StoreError('maybe', true, `${what}: no answer within ${deadline} ms`)),
      );
      asked.then(
        answer => {
          timer.cancel();
          resolve(answer);
        },
        (error: unknown) => {
          timer.cancel();
          reject(this.toStoreError(error, what));
        },
      );
    });
  }

  private toStoreError(error: unknown, what: string): StoreError {
    if (error instanceof StoreError) return error;
    const message = error instanceof Error ? error.message || error.name : 'unknown';
    if (message.startsWith('READONLY')) this.locator.invalidate('the server is now a replica');
    if (error instanceof ErrorReply && isFault.test(message)) this.reportFault(what, message);
    if (error instanceof ErrorReply)
      return new StoreError('no', storeUnavailable.test(message), `${what}: ${message}`, { cause: error });
    const neverSent =
      error instanceof RedisUnavailableError ||
      (error instanceof Error && /ClientOffline|ClientClosed/.test(error.constructor.name));
    return new StoreError(neverSent ? 'no' : 'maybe', true, `${what}: ${message}`, { cause: error });
  }

  /** Needs an operator. The error recurs with every call, so it is logged at most once per interval. */
  private reportFault(command: string, reason: string): void {
    const now = this.options.clock.mono();
    if (now - this.faultReportedAt < FAULT_REPORT_INTERVAL) return;
    this.faultReportedAt = now;
    this.options.log.error({ command, reason }, 'redis command refused');
  }

  /** Called on each connect, before anything is written. Detects another Redis, or one whose data may have changed. */
  private checkIdentity(identity: RedisIdentity): void {
    const before = this.identity;
    this.identity = identity;
    if (before && (before.runId !== identity.runId || before.history !== identity.history))
      for (const listener of this.incarnations) listener();
  }
}

const createArgsOf = (room: NewRoom): string[] => [
  room.id,
  room.code,
  room.game,
  room.snapshot,
  String(wholeMs(room.life)),
];

const makersOf = ({ makers = [] }: NewRoom): string => (makers.length === 0 ? '[]' : JSON.stringify(makers));

/** `append` has a short form with two keys; `snapshot` takes one more key per recording. */
const hasValidKeyCount = (name: ScriptName, given: number, most: number): boolean =>
  given === most || (name === 'append' && given === 2) || (name === 'snapshot' && given >= 3);

const ownerOf = ([node, token, term, seq]: string[]): Owner => ({
  node: node || null,
  token: token || null,
  term: Number(term),
  seq: Number(seq),
});

/** A room that was never owned has no terms. */
const termsOf = (text: string): TermStarts =>
  text === '' ? [] : text.split(',').map(t => t.split(':').map(Number) as [number, number]);

function claimedOf(r: string[]): ClaimedRoom {
  const record = r[8] ? (JSON.parse(r[8]) as NodeRecord) : null;
  return {
    ok: true,
    term: Number(r[1]),
    seq: Number(r[2]),
    terms: termsOf(r[3]!),
    snapshotSeq: Number(r[4]),
    snapshot: r[5]!,
    firstSeq: Number(r[6]),
    previous: r[7]
      ? { node: r[7], term: Number(r[10]), lastHeartbeat: record && { at: record.at, outage: record.outage ?? null } }
      : null,
    hangReports: r[9] === '' ? [] : r[9]!.split('\n').map(line => JSON.parse(line) as HangReport),
    entries: r.slice(11),
  };
}
