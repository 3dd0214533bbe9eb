import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../server/runtime/package-root.ts';

/** The users of docs/redis.acl: for nodes, replicas, sentinels and operators. */
export type RedisUser = 'rejoin' | 'replica' | 'sentinel' | 'operator';

/** A user's password in a cluster; derived from the cluster's secret. */
export function passwordOf(user: RedisUser, secret: string): string {
  return createHmac('sha256', secret).update(`redis ${user}`).digest('base64url');
}

/** The text of docs/redis.acl for a cluster, with its password hashes and key prefix. */
export function aclOf(secret: string, keyPrefix: string): string {
  const template = readFileSync(join(packageRoot, 'docs/redis.acl'), 'utf8');
  return template
    .replace(
      />([A-Z]+)_PASSWORD/g,
      (_all, user: string) => `#${sha256(passwordOf(user.toLowerCase() as RedisUser, secret))}`,
    )
    .replace(/([~&])rejoin:/g, (_all, kind: string) => kind + keyPrefix);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
