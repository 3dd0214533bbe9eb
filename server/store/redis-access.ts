import { ErrorReply } from 'redis';
import { limits } from '../../shared/limits.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { RedisClient } from './redis-client.ts';
import { forbiddenScript, neededCommands } from './redis-commands.ts';
import { RedisConnection, RedisUnavailableError, type RedisIdentity, type RedisLocator } from './redis-connection.ts';
import { locatorOf, type RedisAddress } from './redis-locator.ts';
import { ReplicaGate } from './replica-gate.ts';
import { loadScripts, type Script, type ScriptName } from './scripts.ts';
import { StoreError } from './store.ts';

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
  'unindex',
]);

/** Maximum number of concurrent appends that publish. Beyond it, separate batched messages are cheaper. */
const MAX_PUBLISHING_APPENDS = 4;

/** `append` has a short form with two keys; `snapshot` takes one more key per recording. */
const hasValidKeyCount = (name: ScriptName, given: number, most: number): boolean =>
  given === most || (name === 'append' && given === 2) || (name === 'snapshot' && given >= 3);

/**
 * `waitReplicas`: number of replicas that must have a write before it is acknowledged. `publishConnection`: the bus
 * connection of this node.
 */
export type RedisAccessOptions = RedisAddress & {
  prefix: string;
  clock: Clock;
  log: Log;
  deadline?: number;
  waitReplicas?: number | undefined;
  publishConnection?: RedisConnection;
};

/**
 * How the store reaches Redis: connections, scripts, confirmations of replicas, deadlines and errors.
 * Writes use one connection, in the order in which they are decided. Reads use another, so that a long list does not
 * delay an append. A script that publishes uses the bus connection, so that its messages stay in order with the node's
 * other messages.
 */
export class RedisAccess {
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
  /** Number of publishing scripts in flight. */
  private publishing = 0;

  constructor(private readonly options: RedisAccessOptions) {
    const { waitReplicas = 0 } = options;
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
  get canPublish(): boolean {
    return (
      this.publishing < MAX_PUBLISHING_APPENDS &&
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
  close(): void {
    this.writeConnection.close();
    this.readConnection.close();
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

  /** Runs a script whose messages are published by the node's bus connection. @throws StoreError */
  async runPublishingScript(name: ScriptName, keys: string[], args: string[]): Promise<unknown> {
    this.publishing += 1;
    try {
      return await this.runScript(name, keys, args, this.options.publishConnection!);
    } finally {
      this.publishing -= 1;
    }
  }

  /** @throws StoreError */
  async runScript(
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

  /** Reads by the connection for reads. @throws StoreError */
  async read<T>(ask: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.withDeadline(
      Promise.resolve().then(() => ask(this.readClient)),
      'read',
    );
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

  /** @param key written as a test @returns whether the same Redis as before accepts writes @throws StoreError */
  async probe(key: string): Promise<boolean> {
    if (!this.writeConnection.isReady || !this.identity) return false;
    if (!(await this.withDeadline(this.writeConnection.isSameMaster(this.identity), 'probe'))) return false;
    await this.withDeadline(
      this.writeClient.set(key, String(this.options.clock.now()), {
        expiration: { type: 'PX', value: 60_000 },
      }),
      'probe',
    );
    return true;
  }

  onIncarnation(changed: () => void): void {
    this.incarnations.push(changed);
  }

  /** Called on each connect, before anything is written. Detects another Redis, or one whose data may have changed. */
  private checkIdentity(identity: RedisIdentity): void {
    const before = this.identity;
    this.identity = identity;
    if (before && (before.runId !== identity.runId || before.history !== identity.history))
      for (const listener of this.incarnations) listener();
  }
}
