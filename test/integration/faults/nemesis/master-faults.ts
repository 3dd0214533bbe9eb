import { until } from '../../../../tools/until.ts';
import type { Lab } from '../lab.ts';
import { pause, seconds, type Nemesis } from './nemesis.ts';

/** Does something to the master, waits until another one is, and puts all right. @returns what happened, in words */
async function deposed(lab: Lab, how: (master: string) => Promise<void>, longer: number): Promise<string> {
  const old = lab.cluster.redisServers.find(s => s.master)!.name;
  const lost = lab.tap.gone;
  await how(old);
  await until(
    'another Redis is the master',
    () => lab.cluster.redisServers.some(s => s.master && s.name !== old) || undefined,
    { timeoutMs: 60_000 },
  );
  await pause(longer);
  await lab.redisWhole();
  return `${old}, then ${lab.cluster.redisServers.find(s => s.master)!.name}; ${lab.tap.gone - lost} entries gone`;
}

/** The master of Redis is lost, and the sentinels make another one. */
export const masterFaults: readonly Nemesis[] = [
  {
    kind: 'master-kill',
    needs: 'replicas',
    says: 'kill -9 of the master of Redis; it comes back as a replica',
    strike: (lab, random) => deposed(lab, master => lab.cluster.killRedis(master), random.int(0, 2_000)),
  },
  {
    kind: 'master-freeze',
    needs: 'replicas',
    says: 'SIGSTOP of the master of Redis until another one is; it wakes up as one that does not know',
    strike: (lab, random) => deposed(lab, async master => lab.cluster.freezeRedis(master), random.int(0, 2_000)),
  },
  {
    kind: 'master-cut',
    needs: 'replicas',
    says: 'the master of Redis is cut off from replicas and sentinels for a while, and goes on taking what nodes write',
    async strike(lab, random) {
      const ms = random.int(0, 600);
      // First the replicas alone: what they lack is lost with the master, unless they are waited for.
      const cut = async (master: string, user: string) => {
        await lab.redisOf(master, 'ACL', 'SETUSER', user, 'off');
        await lab.redisOf(master, 'CLIENT', 'KILL', 'USER', user);
      };
      const what = await deposed(
        lab,
        async master => {
          await cut(master, 'replica');
          await pause(ms);
          await cut(master, 'sentinel');
        },
        random.int(0, 2_000),
      );
      return `${what}; sentinels ${seconds(ms)} later`;
    },
  },
];
