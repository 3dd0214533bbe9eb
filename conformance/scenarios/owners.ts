import type { Wire } from '../harness/client-proxy.ts';
import { expect, expectOnce, type Scenario } from '../harness/scenario.ts';
import { isPush, isRequest } from './matches.ts';

/** Another owner: a killed node, a drained node, a handover, a history that was lost. */
export const ownerScenarios: readonly Scenario[] = [
  {
    name: 'owner killed',
    checks:
      'The node that runs the room is killed, the client is on another one: every action counts once, under the new term.',
    rules: ['A1c', 'A5', 'O5'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      await a.act('add', { tag: 'before', by: 1 });
      const term = stage.cluster.truth(room, null)!.term;
      const owner = stage.cluster.ownerOf(room)!;
      const killed = owner.kill();
      const verdicts = await Promise.all(['during-1', 'during-2', 'during-3'].map(tag => a.act('add', { tag, by: 1 })));
      await killed;
      const refused = verdicts.find(({ ok }) => !ok);
      expect(
        refused === undefined,
        `an action during the failover was reported as ${refused?.code} ${refused?.detail ?? ''}: "unavailable" and "stale-term" are answered by sending it again`,
      );
      const seen = await a.upToDate(room, 'after the owner was killed');
      expect(
        seen.position![0] > term,
        `the client's position has term ${seen.position![0]}, not that of the new owner`,
      );
      expectOnce(seen.state, ['before', 'during-1', 'during-2', 'during-3'], 'across a failover');
      expect(
        (await b.act('add', { tag: 'after', by: 1 })).ok === true,
        'an action of the other client was accepted by the new owner',
      );
      await b.upToDate(room, 'after the owner was killed');
    },
  },
  {
    name: 'own node killed',
    checks: 'The node with the room and the connection is killed: the client finds another node.',
    rules: ['C6', 'A5'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      await stage.cluster.handOver(room);
      while (stage.cluster.ownerOf(room) !== a.home) await stage.cluster.handOver(room);
      await a.act('add', { tag: 'before', by: 1 });
      await b.upToDate(room, 'before the kill');
      const home = a.home!;
      a.home = null;
      const verdict = a.act('add', { tag: 'in-flight', by: 1 });
      await home.kill();
      expect((await verdict).ok === true, 'the action in flight was settled with success by another node');
      const seen = await a.upToDate(room, 'after its node was killed');
      expectOnce(seen.state, ['before', 'in-flight'], 'across a failover');
    },
  },
  {
    name: 'handover',
    checks: 'The room moves to another node while connections stay: the term changes, nothing is lost.',
    rules: ['A1c', 'O13'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      for (let i = 0; i < 3; i++) {
        const [, reply] = await Promise.all([
          stage.cluster.handOver(room),
          a.act('add', { tag: `moving-${i}`, by: 1 }),
        ]);
        expect(reply.ok === true, `an action during a handover was reported as ${reply.code}`);
        await b.act('add', { tag: `other-${i}`, by: 1 });
      }
      expectOnce(
        (await a.upToDate(room, 'after handovers')).state,
        ['moving-0', 'moving-1', 'moving-2', 'other-2'],
        'across handovers',
      );
    },
  },
  {
    name: 'drain',
    checks:
      'The node asks its clients to move: the client opens another connection, joins there, and closes the first.',
    rules: ['O10'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      const home = a.home!;
      const first = a.proxy.wire!;
      const complaint =
        'after "moving" the client opened no other connection before the node closed the first, 1.5 s later';
      a.home = null;
      const drained = home.drain();
      await a.packet(
        0,
        'the runner\'s own node did not send "moving"',
        ({ way, packet }) => way === 'down' && isRequest(packet, 'moving'),
      );
      const isOther = (wire: Wire) => wire !== first && wire.node !== home && wire.openedAt < first.closedAt;
      await a.poll(
        () => {
          if (a.proxy.wires.some(isOther)) return true;
          expect(first.isOpen, complaint);
          return null;
        },
        () => complaint,
      );
      expect((await a.act('add', { tag: 'moved', by: 1 })).ok === true, 'an action during the drain was accepted');
      await a.poll(
        () => (first.isOpen ? null : true),
        () => 'the client did not close its first connection after it had moved',
      );
      await drained;
      expectOnce((await a.upToDate(room, 'after a drain')).state, ['moved'], 'across a drain');
      await b.upToDate(room, 'after a drain');
    },
  },
  {
    name: 'lost history',
    checks: 'The store lost entries that the client has: it takes the snapshot, and reports "lost".',
    rules: ['P1', 'P2', 'C2c', 'C3'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      await b.act('add', { tag: 'kept', by: 1 });
      await a.upToDate(room, 'before the loss');
      const restore = stage.cluster.saveStore();
      await b.act('add', { tag: 'gone-1', by: 1 });
      await b.act('add', { tag: 'gone-2', by: 1 });
      await a.upToDate(room, 'before the loss');
      // The client hears nothing of the new owner until that one is past the client's seq.
      const deaf = a.fault(({ way, packet, request }) =>
        way === 'down' &&
        (isPush(packet) ||
          isRequest(packet, 'notice') ||
          isRequest(packet, 'h') ||
          isRequest(packet, 'heads') ||
          request?.name === 'place')
          ? request?.name === 'place' && packet.kind === 'ack'
            ? [`43${packet.id}${JSON.stringify([{ ...(packet.args[0] as object), rooms: { [room]: null } }])}`]
            : 'drop'
          : 'pass',
      );
      restore();
      await b.act('add', { tag: 'new-1', by: 1 });
      await b.act('add', { tag: 'new-2', by: 1 });
      deaf.ended = true;
      // This entry has the seq that follows on the client's seq, but another term.
      await b.act('add', { tag: 'new-3', by: 1 });
      const seen = await a.upToDate(
        room,
        "after entries were lost. A position is (term, seq): a change follows only if both prevTerm and seq − 1 are the client's",
      );
      const resume = seen.resumes.at(-1);
      expect(
        resume?.lost === true,
        `the join was answered with "lost": true; the client reports the resume ${JSON.stringify(resume)}`,
      );
      expectOnce(seen.state, ['kept', 'new-1', 'new-2', 'new-3'], 'after a loss');
      expect((await a.act('add', { tag: 'after', by: 1 })).ok === true, 'an action after the loss was accepted');
      expectOnce((await b.upToDate(room, 'after a loss')).state, ['kept', 'new-3', 'after'], 'after a loss');
    },
  },
  {
    name: 'lost verdicts',
    checks: 'The store lost entries with verdicts of the client: the base goes back, and its numbers are used again.',
    rules: ['A5', 'C2c'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      await a.act('add', { tag: 'kept', by: 1 });
      await b.upToDate(room, 'before the loss');
      const restore = stage.cluster.saveStore();
      await a.act('add', { tag: 'gone', by: 1 });
      restore();
      for (const tag of ['again-1', 'again-2'])
        expect((await a.act('add', { tag, by: 1 })).ok === true, 'an action after the loss was accepted');
      expectOnce(
        (await a.upToDate(room, 'after verdicts were lost')).state,
        ['kept', 'again-1', 'again-2'],
        'after verdicts were lost: the new base is in the answer ("stale-term", or the join)',
      );
    },
  },
];
