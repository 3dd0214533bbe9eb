import { loadScripts } from './scripts.ts';

/** The commands that a node sends directly; its scripts run others. */
const sent = [
  'client|setname',
  'eval',
  'evalsha',
  'exec',
  'exists',
  'get',
  'hdel',
  'hget',
  'hgetall',
  'hmget',
  'hset',
  'info',
  'llen',
  'lrange',
  'multi',
  'ping',
  'psubscribe',
  'publish',
  'pubsub|numsub',
  'punsubscribe',
  'select',
  'subscribe',
  'time',
  'unsubscribe',
  'wait',
  'zrange',
];

/** Every command that the Redis user of a node must be allowed to run, in lower case, sorted. */
export function neededCommands(): string[] {
  const ofScripts = Object.values(loadScripts()).flatMap(({ text }) =>
    [...text.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command]) => command!.toLowerCase()),
  );
  return [...new Set([...sent, ...ofScripts])].sort();
}

/**
 * KEYS: a key under the node's prefix. ARGV: commands, as `command` or `command|subcommand`. Returns the commands that
 * the caller may not run.
 */
export const forbiddenScript = `
local forbidden = {}
for _, command in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(command, '[^|]+') do words[#words + 1] = word end
  -- Rights to keys and channels are checked with the command: this one is among the node's own.
  for _ = 1, 4 do words[#words + 1] = KEYS[1] end
  if not redis.acl_check_cmd(unpack(words)) then forbidden[#forbidden + 1] = command end
end
return forbidden`;
