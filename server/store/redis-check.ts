import type { Log } from '../runtime/ports.ts';
import type { RedisStore } from './redis-store.ts';

/**
 * Checks whether this Redis is fit to hold rooms.
 * @returns the problems that make it unfit, each with a remedy; lesser problems are only logged
 */
export async function checkRedis(store: RedisStore, log: Log, waitReplicas = 0): Promise<string[]> {
  const problems: string[] = [];
  const info = Object.fromEntries(
    (await store.info())
      .split('\r\n')
      .filter(l => l.includes(':'))
      .map(l => l.split(':', 2) as [string, string]),
  );
  const [major = 0] = (info.redis_version ?? '0').split('.').map(Number);
  if (major < 7) problems.push(`version ${info.redis_version ?? 'unknown'}: 7.0 or newer is needed`);
  if (info.role !== undefined && info.role !== 'master')
    problems.push(`this Redis is a ${info.role}: use the address of the master`);
  if (info.cluster_enabled === '1')
    problems.push('Redis Cluster is not supported: use one Redis, or one with replicas');
  const forbidden = (await store.forbiddenCommands())?.filter(command => command !== 'wait' || waitReplicas > 0) ?? [];
  if (forbidden.length > 0)
    problems.push(
      `its user may not run ${forbidden.join(', ')}: allow it with ACL SETUSER … ${forbidden.map(command => `+${command}`).join(' ')} (docs/redis.acl)`,
    );
  // A hosted Redis may forbid CONFIG GET; then INFO has to do.
  const policy = info.maxmemory_policy ?? (await readSetting(store, 'maxmemory-policy'));
  if (policy !== null && policy !== undefined && policy !== 'noeviction')
    problems.push(`maxmemory-policy is ${policy}: Redis would evict rooms; set it to noeviction`);
  if (info.aof_enabled === '0')
    log.warn({}, 'redis append-only file disabled: a crash of Redis loses all rooms (set appendonly yes)');
  else if ((await readSetting(store, 'appendfsync')) === 'no')
    log.warn({}, 'redis append-only file never synced: set appendfsync to everysec or always');
  const replicas = Number(info.connected_slaves ?? 0);
  if (waitReplicas > replicas)
    log.warn(
      { replicas, needed: waitReplicas },
      'redis replicas missing: no entry is accepted until enough replicas are connected',
    );
  else if (waitReplicas === 0 && replicas > 0)
    log.warn({ replicas }, 'redis replicas not awaited: a failover can lose acknowledged entries (docs/redis.md)');
  return problems;
}

const readSetting = (store: RedisStore, name: string): Promise<string | null> => store.setting(name).catch(() => null);
