import { control, pause, seconds, type Nemesis } from './nemesis.ts';

/** Nodes that die, stand still, come and go. */
export const processFaults: readonly Nemesis[] = [
  {
    kind: control,
    says: 'no fault: what the same measure says of calm play',
    async strike() {
      await pause(2_000);
      return '';
    },
  },
  {
    kind: 'kill-owner',
    says: 'kill -9 of the node that runs most rooms; started again after 0.5 to 3 s',
    async strike(lab, random) {
      const node = lab.busiest();
      await lab.cluster.kill(node);
      await pause(random.int(500, 3_000));
      await lab.cluster.restart(node);
      return node;
    },
  },
  {
    kind: 'kill-bystander',
    says: 'kill -9 of the node that runs fewest rooms',
    async strike(lab, random) {
      const node = lab.idlest();
      await lab.cluster.kill(node);
      await pause(random.int(500, 3_000));
      await lab.cluster.restart(node);
      return node;
    },
  },
  {
    kind: 'kill-two',
    says: 'kill -9 of two of the three nodes, up to 300 ms apart',
    async strike(lab, random) {
      const [one, two] = random.shuffle(lab.standing()) as [string, string];
      const apart = random.int(0, 300);
      await lab.cluster.kill(one);
      await pause(apart);
      await lab.cluster.kill(two);
      await pause(random.int(500, 2_000));
      await Promise.all([lab.cluster.restart(one), lab.cluster.restart(two)]);
      return `${one}, ${two} ${apart} ms later`;
    },
  },
  {
    kind: 'freeze',
    says: 'SIGSTOP of a node for 0.2 to 10 s: shorter and longer than the silence that is death',
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const ms = random.pick([random.int(200, 1_200), random.int(1_000, 3_000), random.int(3_000, 10_000)]);
      lab.cluster.freeze(node);
      await pause(ms);
      lab.cluster.resume(node);
      return `${node} for ${seconds(ms)}`;
    },
  },
  {
    kind: 'join-and-drain',
    says: 'a fourth node joins under load, and is drained again',
    async strike(lab, random) {
      const node = await lab.join();
      await pause(random.int(1_500, 4_000));
      await lab.cluster.drain(node);
      return node;
    },
  },
  {
    kind: 'rolling-restart',
    says: 'all nodes, one after the other: drained, started again',
    async strike(lab) {
      for (const node of lab.standing()) await lab.cluster.restart(node);
      return 'all nodes';
    },
  },
  {
    kind: 'clock-jump',
    says: "a node's wall clock is wrong by up to 5 s, either way, for some seconds",
    async strike(lab, random) {
      const node = random.pick(lab.standing());
      const by = random.int(1_000, 5_000) * random.pick([1, -1]);
      lab.setClock(node, by);
      await pause(random.int(1_000, 5_000));
      lab.setClock(node, 0);
      return `${node} by ${seconds(by)}`;
    },
  },
];
