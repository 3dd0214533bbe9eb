import type { Log } from '../ports.ts';
import type { RedisStore } from './redis-store.ts';

/**
 * Looks whether this Redis keeps what it is given.
 * @returns what makes it unfit, in sentences that say what to do; what is merely unwise is logged
 */
export async function checkRedis(store: RedisStore, log: Log, waitReplicas = 0): Promise<string[]> {
  const wrong: string[] = [];
  const info = Object.fromEntries((await store.info()).split('\r\n').filter(l => l.includes(':')).map(l => l.split(':', 2) as [string, string]));
  const [major = 0] = (info.redis_version ?? '0').split('.').map(Number);
  if (major < 7) wrong.push(`version ${info.redis_version ?? 'unknown'}: 7.0 or newer is needed`);
  if (info.role !== undefined && info.role !== 'master') wrong.push(`it is a ${info.role}: give the address of the master`);
  if (info.cluster_enabled === '1') wrong.push('it is a Redis Cluster, which is not supported: use one Redis, or one with replicas');
  const forbidden = (await store.forbidden())?.filter(command => command !== 'wait' || waitReplicas > 0) ?? [];
  if (forbidden.length > 0) wrong.push(`its user may not run ${forbidden.join(', ')}: allow it with ACL SETUSER … ${forbidden.map(command => `+${command}`).join(' ')} (docs/redis.acl)`);
  // A hosted Redis may not show its settings; then INFO has to do.
  const policy = info.maxmemory_policy ?? (await setting(store, 'maxmemory-policy'));
  if (policy !== null && policy !== undefined && policy !== 'noeviction') wrong.push(`maxmemory-policy is ${policy}: rooms would vanish; set it to noeviction`);
  if (info.aof_enabled === '0') log.warn({}, 'redis writes no append-only file: if its process dies, all rooms are lost (set appendonly yes)');
  else if ((await setting(store, 'appendfsync')) === 'no') log.warn({}, 'redis never syncs its append-only file by itself: set appendfsync to everysec or always');
  const replicas = Number(info.connected_slaves ?? 0);
  if (waitReplicas > replicas) log.warn({ replicas, needed: waitReplicas }, 'redis has fewer replicas than have to confirm each entry: until they are there nothing is accepted');
  else if (waitReplicas === 0 && replicas > 0) log.warn({ replicas }, 'redis has replicas, and none has to confirm an entry: a failover can lose what players were told (docs/redis.md)');
  return wrong;
}

const setting = (store: RedisStore, name: string): Promise<string | null> => store.setting(name).catch(() => null);
