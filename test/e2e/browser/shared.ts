import { randomBytes } from 'node:crypto';
import { after, afterEach, before } from 'mocha';
import type { Browser } from 'playwright-core';
import { connect, type Client } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { buildPage } from '../../../server/cli/build-page.ts';
import {
  connectionErrors,
  expectNoConsoleErrors,
  launchBrowser,
  openPage,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { addressesOf } from './cluster-page.ts';

/**
 * What all test files of one process share: one built page, one browser, one cluster. The first test that asks starts
 * them; they end after the last test. A test that kills or drains nodes leaves them to `SharedCluster.repair`.
 */
let page: Promise<string> | undefined;
let browser: Promise<Browser> | undefined;
let cluster: Promise<SharedCluster> | undefined;

export const builtPage = (): Promise<string> => (page ??= buildPage());
export const sharedBrowser = (): Promise<Browser> => (browser ??= launchBrowser());
export const sharedCluster = (): Promise<SharedCluster> => (cluster ??= SharedCluster.start());

after(async () => {
  // A part that did not start has failed the test that asked for it.
  await browser?.then(
    started => started.close(),
    () => {},
  );
  await cluster?.then(
    ({ cluster }) => cluster.stop(),
    () => {},
  );
});

/**
 * nginx, three nodes and Redis. nginx routes by room; pages whose address does not ask for that are routed by address.
 */
export class SharedCluster {
  private known = new Map<string, string>();
  private readonly exits: string[] = [];
  private constructor(
    readonly cluster: Cluster,
    readonly secret: string,
  ) {
    cluster.on('exit', ({ expected, name }) => {
      if (!expected) this.exits.push(name);
    });
  }

  static async start(): Promise<SharedCluster> {
    await builtPage();
    const secret = randomBytes(32).toString('base64url');
    const cluster = await startCluster({
      nodes: 3,
      quiet: true,
      control: {},
      routing: 'room',
      redis: { appendfsync: 'always' },
      env: { LOG_LEVEL: 'warn', REJOIN_SECRET: secret },
    });
    return new SharedCluster(cluster, secret);
  }

  get url(): string {
    return this.cluster.url;
  }

  /** For each node an address that nginx routes to it. */
  async addresses(): Promise<ReadonlyMap<string, string>> {
    if (this.known.size !== this.cluster.nodes.length) this.known = await addressesOf(this.cluster);
    return this.known;
  }

  /** Starts what a test has stopped. @throws if a process has ended that no test had stopped */
  async repair(): Promise<void> {
    if (this.cluster.redisPid === undefined) await this.cluster.startRedis();
    await Promise.all(
      this.cluster.nodes.filter(({ state }) => state === 'down').map(({ name }) => this.cluster.restart(name)),
    );
    const ended = this.exits.splice(0);
    if (ended.length > 0) throw new Error(`ended without being told to: ${ended.join(', ')}`);
  }
}

/** The windows and the clients without a page that one test opens. */
export class Visits {
  readonly visitors: Visitor[] = [];
  private readonly friends: Client[] = [];
  constructor(private readonly url: () => string) {}

  /** Opens a window. `link`: where, instead of the home page. */
  async open(options: VisitorOptions = {}, link = this.url()): Promise<Visitor> {
    const visitor = await openPage(await sharedBrowser(), link, options);
    this.visitors.push(visitor);
    return visitor;
  }

  /** A player without a page. */
  friend(name: string, options: Parameters<typeof connect>[1] = {}): Client {
    const client = connect(this.url(), { name, storage: null, ...options });
    this.friends.push(client);
    return client;
  }

  /**
   * Closes them all, and checks what the consoles of their pages said.
   * @param allowed broken connections, where a test breaks them
   */
  async end(allowed?: RegExp): Promise<void> {
    for (const friend of this.friends.splice(0)) friend.close();
    const visitors = this.visitors.splice(0);
    await Promise.all([...new Set(visitors.map(({ context }) => context))].map(context => context.close()));
    expectNoConsoleErrors(visitors, allowed);
  }
}

/**
 * What the tests of one describe use of the shared cluster; to be called inside of it. Each test's windows and clients
 * are closed after it, and stopped nodes restarted.
 */
export function onSharedCluster(): {
  readonly visits: Visits;
  readonly shared: SharedCluster;
  readonly cluster: Cluster;
  readonly url: string;
} {
  let shared: SharedCluster;
  const visits = new Visits(() => `${shared.url}/`);
  before(async () => {
    [shared] = await Promise.all([sharedCluster(), sharedBrowser()]);
  });
  afterEach(async () => {
    await visits.end(connectionErrors);
    await shared.repair();
  });
  return {
    visits,
    get shared() {
      return shared;
    },
    get cluster() {
      return shared.cluster;
    },
    get url() {
      return shared.url;
    },
  };
}
