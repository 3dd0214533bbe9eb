import { until } from '../../../../tools/until.ts';
import { pause, seconds, type Nemesis } from './nemesis.ts';

/** Redis and nginx, and players that misbehave. */
export const infrastructureFaults: readonly Nemesis[] = [
  {
    kind: 'redis-kill-everysec',
    needs: 'one-redis',
    says: 'kill -9 of Redis with appendfsync everysec, while its disk keeps up; started again after 0.1 to 2 s',
    async strike(lab, random) {
      // While a sync takes long it answers before it writes (docs/redis.md): a crash then takes what no record of ours
      // ever had.
      await until(
        'the disk keeps up',
        async () => /aof_pending_bio_fsync:0/.test(await lab.redis('INFO', 'persistence')) || undefined,
        { timeoutMs: 30_000, intervalMs: 5 },
      );
      await lab.cluster.killRedis();
      await pause(random.int(100, 2_000));
      await lab.cluster.startRedis();
      return 'redis';
    },
  },
  {
    kind: 'redis-kill-always',
    needs: 'one-redis',
    says: 'the same with appendfsync always',
    async strike(lab, random) {
      await lab.redis('CONFIG', 'SET', 'appendfsync', 'always');
      await pause(500);
      await lab.cluster.killRedis();
      await pause(random.int(100, 2_000));
      await lab.cluster.startRedis(); // everysec again: the setting was never written down
      return 'redis';
    },
  },
  {
    kind: 'redis-freeze',
    needs: 'one-redis',
    says: 'SIGSTOP of Redis for 0.3 to 5 s: nobody dies of it',
    async strike(lab, random) {
      const ms = random.int(300, 5_000);
      process.kill(lab.cluster.redisPid!, 'SIGSTOP');
      await pause(ms);
      process.kill(lab.cluster.redisPid!, 'SIGCONT');
      return `redis for ${seconds(ms)}`;
    },
  },
  {
    kind: 'subscribers-cut',
    says: 'Redis closes all connections that subscribe: what nodes tell each other is lost until they are back',
    async strike(lab) {
      await lab.redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
      return 'all nodes';
    },
  },
  {
    kind: 'nginx-restart',
    says: 'kill -9 of nginx, started again after 0.2 to 2 s',
    async strike(lab, random) {
      const ms = random.int(200, 2_000);
      await lab.cluster.killNginx();
      await pause(ms);
      await lab.cluster.startNginx();
      return `nginx, away for ${seconds(ms)}`;
    },
  },
  {
    kind: 'nginx-reload',
    says: 'nginx reads its configuration again',
    async strike(lab) {
      await lab.cluster.reloadNginx();
      return 'nginx';
    },
  },
  {
    kind: 'deaf-clients',
    says: 'some clients stop to read from their sockets for 1 to 12 s',
    async strike(lab, random) {
      const ms = random.int(1_000, 12_000);
      const count = random.int(1, 8);
      lab.deafen(count, ms);
      await pause(ms);
      return `${count} clients for ${seconds(ms)}`;
    },
  },
];
