import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis } from '../../../tools/local-cluster/ask-redis.ts';
import { openRedisGroup, type RedisGroup } from '../../../tools/local-cluster/redis-group.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { createLocator, type RedisOptions } from '../../../server/store/redis-locator.ts';
import type { RedisLocator } from '../../../server/store/redis-connection.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { freePort } from '../../../tools/free-port.ts';

const secret = 'of a test';
/**
 * On a machine that other tests fill, a sentinel takes a second of silence for death too easily; what is lost when one
 * that lives is replaced is a test of its own.
 */
const downAfterMs = 3_000;

/** A master, its replicas and three sentinels of a test's own; all ends with it. */
export class TestSentinelGroup {
  private readonly doors: RedisLocator[] = [];
  private readonly stores: RedisStore[] = [];
  private constructor(
    private readonly folder: string,
    readonly redis: RedisGroup,
    readonly switches: readonly string[],
  ) {}

  static async start(replicas: number): Promise<TestSentinelGroup> {
    const { 'redis-server': command } = await requireSystem(['redis-server'], text =>
      process.stdout.write(`${text}\n`),
    );
    const folder = await mkdtemp(join(tmpdir(), 'rejoin-group-'));
    const switches: string[] = [];
    const redis = await openRedisGroup(
      {
        command,
        folder,
        secret,
        keyPrefix: 'rejoin:',
        replicas,
        downAfterMs,
        settings: {},
        port: freePort,
        onMasterChanged: name => switches.push(name),
      },
      { mayStart: () => true, started: () => {}, line: () => {}, exited: () => {} },
    );
    const group = new TestSentinelGroup(folder, redis, switches);
    await redis.start();
    return group;
  }

  /** How a node is told to find it. */
  get options(): RedisOptions {
    const env = this.redis.nodeEnv;
    return {
      sentinels: this.redis.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
      master: env.REDIS_MASTER,
      user: env.REDIS_USER,
      password: env.REDIS_PASSWORD,
      sentinelPassword: env.REDIS_SENTINEL_PASSWORD,
    };
  }

  /** A store that follows the master as a node does; `url`: one that knows no sentinels. */
  async store(options: { waitReplicas: number; url?: string; deadline?: number }): Promise<RedisStore> {
    const { url, ...rest } = options;
    const locator = createLocator(url === undefined ? this.options : { url }, { clock: realClock, log: noLog });
    this.doors.push(locator);
    const store = new RedisStore({ locator, prefix: 'rejoin:', clock: realClock, log: noLog, ...rest });
    this.stores.push(store);
    await store.connect();
    return store;
  }

  /** The address of a server, as the user who plays. */
  playerUrl(name = this.redis.master.name): string {
    return this.redis.operatorUrl(name).replace(/operator:[^@]+/, `rejoin:${this.redis.nodeEnv.REDIS_PASSWORD}`);
  }

  ask(name: string, ...words: string[]): Promise<string> {
    return askRedis(this.redis.operatorUrl(name), words);
  }

  /**
   * Cuts a master off from its replicas and from the sentinels, while its clients go on reaching it: those two users
   * are refused. Nothing in the network has to be touched for that.
   */
  async isolate(name: string, users = ['replica', 'sentinel']): Promise<void> {
    for (const user of users) {
      await this.ask(name, 'ACL', 'SETUSER', user, 'off');
      await this.ask(name, 'CLIENT', 'KILL', 'USER', user);
    }
  }
  async join(name: string): Promise<void> {
    for (const user of ['replica', 'sentinel']) await this.ask(name, 'ACL', 'SETUSER', user, 'on');
  }

  /**
   * Starts what is down, lets go on what stands, and waits until all replicas are in step and the sentinels may act
   * again.
   */
  async heal(): Promise<void> {
    for (const { name, state } of [...this.redis.servers, ...this.redis.sentinels]) {
      if (state === 'frozen') this.redis.resume(name);
      if (state === 'down') await this.redis.startOne(name);
    }
    await until(
      'all are let in again',
      () =>
        Promise.all(this.redis.servers.map(({ name }) => this.join(name))).then(
          () => true,
          () => undefined,
        ),
      { timeoutMs: 20_000, intervalMs: 100 },
    );
    await until(
      'one master, and all replicas follow it',
      async () => {
        const port = await this.agreed();
        // While the sentinels are about to make another one the master, two may be: whoever meddles then undoes what
        // they have begun.
        if (port === null || this.redis.master.port !== port) return undefined;
        const views = await Promise.all(
          this.redis.servers.map(async server => ({
            ...server,
            info: await this.ask(server.name, 'INFO', 'replication').catch(() => ''),
          })),
        );
        // The sentinels would see to it, after ten seconds or more.
        for (const view of views)
          if (view.port !== port && /role:master/.test(view.info))
            await this.ask(view.name, 'REPLICAOF', '127.0.0.1', String(port)).catch(() => {});
        return (
          views.every(view =>
            view.port === port
              ? /role:master/.test(view.info)
              : new RegExp(`master_port:${port}\\s`).test(view.info) && /master_link_status:up/.test(view.info),
          ) || undefined
        );
      },
      { timeoutMs: 50_000, intervalMs: 100 },
    );
  }

  /**
   * The port of the master, if all sentinels know the same one, and none of them has its doubts or is about to change
   * it.
   */
  private async agreed(): Promise<number | null> {
    const said = await Promise.all(
      this.redis.sentinels.map(({ port }) =>
        askRedis(`redis://:${this.options.sentinelPassword}@127.0.0.1:${port}`, [
          'SENTINEL',
          'MASTER',
          'mymaster',
        ]).catch(() => ''),
      ),
    );
    const views = said
      .map(text => text.split('\n'))
      .map(words => ({ port: words[words.indexOf('port') + 1], flags: words[words.indexOf('flags') + 1] }));
    return views.every(({ port, flags }) => flags === 'master' && port === views[0]!.port)
      ? Number(views[0]!.port)
      : null;
  }

  /** Resolves with the next master, from now on. Ask before the fault. */
  async nextMaster(): Promise<string> {
    const before = this.switches.length;
    return until('the sentinels have made another one the master', () => this.switches[before], { timeoutMs: 60_000 });
  }

  /** Closes every store that a test has opened. */
  async closeStores(): Promise<void> {
    await Promise.all(this.stores.splice(0).map(store => store.close()));
    for (const door of this.doors.splice(0)) door.close();
  }

  async stop(): Promise<void> {
    await this.closeStores();
    await this.redis.killAll();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
