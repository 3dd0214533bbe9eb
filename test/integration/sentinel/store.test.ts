import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { RedisPubSub, RedisBus, RedisNodeRegister } from '../../../server/messaging/redis-bus.ts';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { StoreError } from '../../../server/store/store.ts';
import { createLocator } from '../../../server/store/redis-locator.ts';
import type { RedisStore } from '../../../server/store/redis-store.ts';
import { askRedis } from '../../../tools/local-cluster/ask-redis.ts';
import { until } from '../../../tools/until.ts';
import { TestSentinelGroup } from './test-sentinel-group.ts';

const claim = { token: 'a', node: 'n', expected: null as string | null, floor: 0, games: ['g@1'] };
let rooms = 0;
const owners: Owner[] = [];

/** How far a room has got, as soon as the store answers: it may just be on its way to another master. */
const seqOf = async (store: RedisStore, id: string) =>
  (
    await until(
      'the store answers',
      () =>
        store.owner(id).then(
          owner => owner ?? undefined,
          () => undefined,
        ),
      { timeoutMs: 20_000 },
    )
  ).seq;

/**
 * An owner of one room who does as RoomActor does: appends in a closed loop, and after anything but 'ok' claims it
 * anew.
 */
class Owner {
  /** The last number it was told to be written. */
  told = 0;
  failures = 0;
  readonly id = `r${++rooms}`;
  private token = '';
  private claims = 0;
  private running: Promise<void> | null = null;
  private stopping = false;
  constructor(private readonly store: RedisStore) {
    owners.push(this);
  }

  async begin(): Promise<void> {
    assert.equal(
      await this.store.create({ id: this.id, code: this.id, game: 'g@1', snapshot: '{}', life: 600_000 }),
      'ok',
    );
    this.running = this.go();
  }
  async end(): Promise<void> {
    this.stopping = true;
    await this.running;
  }
  private async go(): Promise<void> {
    let seq = -1;
    while (!this.stopping) {
      try {
        if (seq < 0) {
          const token = `${this.id}-${++this.claims}`;
          const is = await this.store.owner(this.id);
          const got = await this.store.claim(this.id, { ...claim, token, expected: is!.token });
          if (!got.ok) continue;
          assert.ok(got.seq >= this.told, `${this.id}: ${this.told} was told, and ${got.seq} are there`);
          [this.token, seq] = [token, got.seq];
        }
        const said = await this.store.append(this.id, { token: this.token, seq: seq + 1, entry: `e${seq + 1}` });
        if (said === 'ok') this.told = ++seq;
        else seq = -1;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.failures += 1;
        seq = -1;
        await new Promise(done => setTimeout(done, 50));
      }
    }
  }
}

describe('a store with replicas and sentinels', () => {
  let group: TestSentinelGroup;
  before(async function () {
    this.timeout(120_000);
    group = await TestSentinelGroup.start(2);
  });
  after(() => group?.stop());
  afterEach(async function () {
    this.timeout(120_000);
    // Also those of a test that failed: they would go on for ever.
    const ended = await Promise.allSettled(owners.splice(0).map(owner => owner.end()));
    await group.heal();
    await group.closeStores();
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  });

  /** Owners write while something happens; then what they were told is held against what is there. */
  const through = async (what: () => Promise<void>, store: Promise<RedisStore>): Promise<Owner[]> => {
    const opened = await store;
    const all = Array.from({ length: 8 }, () => new Owner(opened));
    await Promise.all(all.map(o => o.begin()));
    await until('all write', () => all.every(o => o.told > 20) || undefined, { timeoutMs: 20_000 });
    await what();
    const told = all.map(o => o.told);
    await until('all write again', () => all.every((o, i) => o.told > told[i]! + 20) || undefined, {
      timeoutMs: 60_000,
    });
    await Promise.all(all.map(o => o.end()));
    for (const owner of all)
      assert.ok((await seqOf(opened, owner.id)) >= owner.told, `${owner.id}: told ${owner.told}`);
    return all;
  };

  it('[J9] the master is killed: nothing that was told is lost', async () => {
    await through(
      async () => {
        const next = group.nextMaster();
        await group.redis.kill(group.redis.master.name);
        await next;
        await group.heal();
      },
      group.store({ waitReplicas: 1 }),
    );
  }).timeout(180_000);

  it('[J9] the master freezes and comes back later as one of the past: nothing that was told is lost', async () => {
    await through(
      async () => {
        const { name } = group.redis.master;
        const next = group.nextMaster();
        group.redis.freeze(name);
        await next;
        group.redis.resume(name);
      },
      group.store({ waitReplicas: 1 }),
    );
  }).timeout(180_000);

  it('[J9] the master is cut off, with a node on its side that hears of no sentinel: that node is told nothing it would lose', async () => {
    const old = group.redis.master.name;
    const owner = new Owner(await group.store({ waitReplicas: 1, url: group.playerUrl(old), deadline: 600 }));
    await owner.begin();
    await until('it writes', () => owner.told > 20 || undefined, { timeoutMs: 20_000 });
    await through(
      async () => {
        const next = group.nextMaster();
        await group.isolate(old);
        await next;
        const { told, failures } = owner;
        await until('it asks in vain', () => owner.failures > failures + 1 || undefined, { timeoutMs: 20_000 });
        assert.equal(owner.told, told, 'nothing was told while nobody confirmed');
      },
      group.store({ waitReplicas: 1 }),
    );
    await owner.end();
    const seen = await group.store({ waitReplicas: 0 });
    assert.ok((await seqOf(seen, owner.id)) >= owner.told);
  }).timeout(180_000);

  it('[J9] a master that lives is replaced, as by sentinels that cannot keep up: nothing that was told is lost where all replicas confirm', async () => {
    await through(
      async () => {
        const switches = group.switches.length;
        // By hand a sentinel asks nobody, and does not mind that the master answers. One that ended a moment ago may
        // still be under way (INPROG),
        // and one that has begun may give up, where a replica does not answer it in time: it is asked until it is done.
        await until(
          'the sentinels have made another one the master',
          async () => {
            if (group.switches.length === switches)
              await askRedis(`redis://:${group.options.sentinelPassword}@127.0.0.1:${group.redis.sentinels[0]!.port}`, [
                'SENTINEL',
                'FAILOVER',
                'mymaster',
              ]).catch(() => {});
            return group.switches.length > switches || undefined;
          },
          { timeoutMs: 120_000, intervalMs: 2_000 },
        );
      },
      group.store({ waitReplicas: 2 }),
    );
  }).timeout(240_000);

  it('[J9] without confirmations the same loses what was told: that is what they are for', async () => {
    const old = group.redis.master.name;
    const owner = new Owner(await group.store({ waitReplicas: 0, url: group.playerUrl(old) }));
    await owner.begin();
    await until('it writes', () => owner.told > 20 || undefined, { timeoutMs: 20_000 });
    const next = group.nextMaster();
    await group.isolate(old);
    await next;
    const { told } = owner;
    await until('it goes on', () => owner.told > told + 20 || undefined, { timeoutMs: 20_000 });
    await owner.end();
    const seen = await group.store({ waitReplicas: 0 });
    assert.ok((await seqOf(seen, owner.id)) < owner.told);
  }).timeout(180_000);

  it('[O4] [O17] a Redis that outlived the master is another one, and every connection goes to it', async () => {
    const locator = createLocator(group.options, { clock: realClock, log: noLog });
    const options = { locator, prefix: 'rejoin:', clock: realClock, log: noLog };
    const store = await group.store({ waitReplicas: 0 });
    const wire = new RedisPubSub(options);
    const register = new RedisNodeRegister(options);
    try {
      await Promise.all([wire.connect(), register.connect()]);
      const bus = new RedisBus(wire, 'rejoin:');
      const heard: string[] = [];
      await bus.listen('me', text => heard.push(text));
      assert.deepEqual(await bus.publish([{ node: 'me', text: 'before' }]), [1]);
      let changed = 0;
      store.onIncarnation(() => {
        changed += 1;
      });
      const next = group.nextMaster();
      const { name: old } = group.redis.master;
      // By hand, with all servers alive: nothing closes the connections but the sentinels' word.
      const sentinel = group.redis.sentinels[0]!;
      // One that ended a moment ago may still be under way for a sentinel (INPROG), or the replicas not good enough yet
      // (NOGOODSLAVE).
      await until(
        'the sentinel begins',
        () =>
          askRedis(`redis://:${group.options.sentinelPassword}@127.0.0.1:${sentinel.port}`, [
            'SENTINEL',
            'FAILOVER',
            'mymaster',
          ]).catch(() => undefined),
        { timeoutMs: 60_000, intervalMs: 500 },
      );
      const now = await next;
      assert.notEqual(now, old);
      await until('the store is told', () => changed > 0 || undefined, { timeoutMs: 20_000 });
      await until(
        'the bus hears',
        async () =>
          ((await bus.publish([{ node: 'me', text: 'after' }]).catch(() => [0]))[0] === 1 && heard.includes('after')) ||
          undefined,
        { timeoutMs: 20_000 },
      );
      await until(
        'the register answers',
        async () => (await register.listeners('me').catch(() => null))?.inbox === 1 || undefined,
        { timeoutMs: 20_000 },
      );
      await until(
        'writes are taken',
        () =>
          store
            .probe()
            .catch(() => false)
            .then(ok => ok || undefined),
        { timeoutMs: 20_000 },
      );
      await group.heal();
      const clients = (name: string) =>
        group.ask(name, 'CLIENT', 'LIST').then(text => [...text.matchAll(/ name=(rejoin-\w+) /g)].map(m => m[1]!));
      assert.deepEqual(
        (await clients(old)).filter(name => name !== 'rejoin-sentinel'),
        [],
      );
      for (const name of ['rejoin-writes', 'rejoin-reads', 'rejoin-pub', 'rejoin-sub', 'rejoin-register'])
        assert.ok((await clients(now)).includes(name), name);
    } finally {
      wire.close();
      await register.close();
      locator.close();
    }
  }).timeout(180_000);

  it('[O17] a master that was made a replica under standing connections is left, and nothing is written to it', async () => {
    const { name, port } = group.redis.master;
    const other = group.redis.servers.find(s => !s.master)!;
    const store = await group.store({ waitReplicas: 0, url: group.playerUrl(name), deadline: 600 });
    await store.create({ id: `x${port}`, code: `x${port}`, game: 'g@1', snapshot: '{}', life: 60_000 });
    let changed = 0;
    store.onIncarnation(() => {
      changed += 1;
    });
    await group.isolate(other.name, ['sentinel']);
    await group.ask(name, 'REPLICAOF', '127.0.0.1', String(other.port));
    await assert.rejects(
      store.claim(`x${port}`, claim),
      (error: unknown) => error instanceof StoreError && error.applied === 'no' && error.unavailable,
    );
    await until(
      'it is known to be away',
      () =>
        store
          .probe()
          .catch(() => false)
          .then(ok => !ok || undefined),
      { timeoutMs: 10_000 },
    );
    await group.ask(name, 'REPLICAOF', 'NO', 'ONE');
    await until(
      'it is a master again',
      () =>
        store
          .probe()
          .catch(() => false)
          .then(ok => ok || undefined),
      { timeoutMs: 20_000 },
    );
    assert.equal(changed, 1, 'with another history: owners claim again');
  }).timeout(60_000);
});
