import { until } from '../../../../tools/until.ts';
import type { Nemesis } from './nemesis.ts';

/** What never ends would be waited for that long: on a machine that is busy rooms move slowly. */
const timeoutMs = 60_000;
const moved = 'rejoin_handovers_total{reason="balance"}';

/** Rules that fail, new versions, new nodes: what is changed while people play. */
export const membershipFaults: readonly Nemesis[] = [
  {
    kind: 'hang',
    says: 'an action never ends: the node that runs it ends itself, and is started again; the action is refused',
    async strike(lab) {
      const { room, code, ended } = await lab.hang();
      for (const node of lab.down()) await lab.cluster.restart(node);
      if (room === '') throw new Error('no ledger was in play');
      if (code !== 'rule-failed') throw new Error(`what hung in ${room} was answered with '${code}'`);
      if (ended.length === 0) throw new Error(`what hung in ${room} cost no node`);
      return `${room}, ${ended.join(', ')}`;
    },
  },
  {
    kind: 'rolling-upgrade',
    says: 'all nodes, one after the other, are replaced by others that run the next version of the ledger, whose state has another shape',
    async strike(lab) {
      const version = lab.nextVersion();
      for (const node of lab.standing()) await lab.cluster.restart(node);
      await until(
        `all ledgers are of version ${version}`,
        () => [...lab.tap.versions('ledger').values()].every(v => v === version) || undefined,
        { timeoutMs },
      );
      return `version ${version}`;
    },
  },
  {
    kind: 'uneven',
    says: 'a fourth node comes, empty, and is given rooms until it has about as many as the others (it is drained after play has gone on)',
    async strike(lab) {
      const before = await lab.counted(moved);
      const node = await lab.join();
      const rooms = () => [...lab.tap.owners()].map(([name, ids]) => ({ name, n: ids.length }));
      const fair = () => {
        const all = rooms();
        const mean = all.reduce((sum, { n }) => sum + n, 0) / lab.cluster.nodes.filter(n => n.state === 'up').length;
        return (all.find(r => r.name === node)?.n ?? 0) >= Math.floor(0.8 * mean) || undefined;
      };
      await until(`${node} has its share of the rooms`, fair, { timeoutMs });
      const count = (await lab.counted(moved)) - before;
      if (count <= 0) throw new Error(`${node} has its share, and no node has counted a move`);
      return `${node}, ${count} rooms moved`;
    },
    async tidy(lab, what) {
      await lab.cluster.drain(what.split(',')[0]!);
    },
  },
];
