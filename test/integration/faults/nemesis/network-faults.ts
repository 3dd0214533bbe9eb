import type { Random } from '../../../../shared/random.ts';
import type { Lab } from '../lab.ts';
import type { Flow } from '../network/pipe.ts';
import type { Side } from '../network/network.ts';
import { pause, seconds, type Nemesis } from './nemesis.ts';

const pass: Flow = { kind: 'pass' };
const hold: Flow = { kind: 'hold' };

/** Silent: connections stay, nothing passes. Refused: connections break, and there are no new ones. */
async function cutOff(
  lab: Lab,
  node: string,
  sides: readonly Side[],
  how: 'silent' | 'refused',
  ms: number,
): Promise<void> {
  const weather =
    how === 'silent'
      ? ({ up: hold, down: hold, newConnections: 'open' } as const)
      : ({ up: pass, down: pass, newConnections: 'refused' } as const);
  await Promise.all(sides.map(side => lab.network.set(side, node, weather)));
  if (how === 'refused') await Promise.all(sides.map(side => lab.network.cut(side, node)));
  await pause(ms);
  // A heal that leaves half-open connections behind, or one that does not: both are met with.
  await Promise.all(sides.map(side => lab.network.calm(side, node)));
}

const aCut = (random: Random) => ({
  how: random.pick(['silent', 'refused'] as const),
  ms: random.pick([random.int(300, 1_500), random.int(1_500, 6_000)]),
});

/** What lies between the parts: a proxy for each node towards Redis, and one for nginx towards each node. */
export const networkFaults: readonly Nemesis[] = [
  {
    kind: 'cut-redis',
    needs: 'one-redis',
    says: 'a node is cut off from Redis for 0.3 to 6 s: silence, or connections refused',
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const { how, ms } = aCut(random);
      await cutOff(lab, node, ['redis'], how, ms);
      return `${node}, ${how}, ${seconds(ms)}`;
    },
  },
  {
    kind: 'cut-nginx',
    says: 'a node is cut off from nginx, so from its players, in the same two ways',
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const { how, ms } = aCut(random);
      await cutOff(lab, node, ['nginx'], how, ms);
      return `${node}, ${how}, ${seconds(ms)}`;
    },
  },
  {
    kind: 'cut-both',
    needs: 'one-redis',
    says: 'a node is cut off from both: silence on connections that stay open',
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const ms = random.int(1_000, 6_000);
      await cutOff(lab, node, ['redis', 'nginx'], 'silent', ms);
      return `${node}, ${seconds(ms)}`;
    },
  },
  {
    kind: 'vanish',
    needs: 'firewall',
    says: 'a host vanishes without a FIN: all packets from and to the node that runs most rooms are dropped for 3 to 8 s',
    async strike(lab, random) {
      const node = lab.busiest();
      const ms = random.int(3_000, 8_000);
      const ports = lab.network.portsOf(node);
      await lab.firewall!.drop(ports);
      try {
        await pause(ms);
      } finally {
        await lab.firewall!.pass(ports);
      }
      return `${node}, ${seconds(ms)}`;
    },
  },
  {
    kind: 'one-way',
    needs: 'one-redis',
    says: 'between a node and Redis, or nginx and a node, bytes of one direction go nowhere',
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const side = random.pick(['redis', 'redis', 'nginx'] as const);
      const way = random.pick(['up', 'down'] as const);
      const ms = random.int(500, 5_000);
      await lab.network.set(side, node, { up: pass, down: pass, newConnections: 'open', [way]: hold });
      await pause(ms);
      await lab.network.calm(side, node);
      return `${node}, ${side} ${way}, ${seconds(ms)}`;
    },
  },
  {
    kind: 'slow-network',
    needs: 'one-redis',
    says: "20 to 150 ms more, and as much jitter, on a node's way to Redis or nginx's way to a node",
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const side = random.pick(['redis', 'nginx'] as const);
      const late: Flow = { kind: 'late', ms: random.int(20, 150), jitter: random.int(0, 150) };
      const ms = random.int(2_000, 5_000);
      await lab.network.set(side, node, { up: late, down: late, newConnections: 'open' });
      await pause(ms);
      await lab.network.calm(side, node);
      return `${node}, ${side}, ${late.ms} + ${late.jitter} ms, ${seconds(ms)}`;
    },
  },
  {
    kind: 'narrow-network',
    needs: 'one-redis',
    says: "20 to 100 kB a second on a node's way to Redis or nginx's way to a node",
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const side = random.pick(['redis', 'nginx'] as const);
      const narrow: Flow = { kind: 'narrow', bytesPerSecond: random.int(20, 100) * 1_000 };
      const ms = random.int(2_000, 5_000);
      await lab.network.set(side, node, { up: narrow, down: narrow, newConnections: 'open' });
      await pause(ms);
      await lab.network.calm(side, node);
      return `${node}, ${side}, ${narrow.bytesPerSecond / 1000} kB/s, ${seconds(ms)}`;
    },
  },
  {
    kind: 'reply-lost',
    needs: 'one-redis',
    says: 'an append is carried out, its answer lost with the connection; three times over',
    async strike(lab, random) {
      const nodes = [0, 1, 2].map(() => random.pick(lab.standing()));
      for (const node of nodes) {
        await lab.network.loseReply(node, 'EVALSHA', 3_000);
        await pause(random.int(200, 800));
      }
      return nodes.join(', ');
    },
  },
];
