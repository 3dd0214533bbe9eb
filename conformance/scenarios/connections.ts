import { ShortForms } from '../../client/short-forms.ts';
import type { JoinReply } from '../../shared/protocol.ts';
import { eventText } from '../harness/packets.ts';
import { expect, expectOnce, type Scenario } from '../harness/scenario.ts';
import { isPush } from './matches.ts';

/** Lost connections, lost, late and repeated messages. */
export const connectionScenarios: readonly Scenario[] = [
  {
    name: 'reconnect',
    checks:
      'After a lost connection: connects again with its token, resumes its session from its position, misses nothing.',
    rules: ['W4', 'A6', 'C2'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      await a.act('add', { tag: 'before', by: 1 });
      const cutAt = performance.now();
      a.proxy.isOnline = false;
      a.proxy.cut();
      for (let i = 0; i < 3; i++) await b.act('add', { tag: `missed-${i}`, by: 1 });
      a.proxy.isOnline = true;
      await a.packet(
        cutAt,
        'the client did not join again after its connection was cut',
        ({ way, packet }) => way === 'up' && packet.kind === 'event' && packet.name === 'join',
      );
      const seen = await a.upToDate(room, 'after a reconnect');
      expect(seen.seat !== null, 'the client has its seat after the reconnect');
      expectOnce(seen.state, ['before', 'missed-0', 'missed-2'], 'across a reconnect');
      const resume = seen.resumes.at(-1);
      expect(
        resume !== undefined && resume.with === 'changes' && !resume.lost,
        `the join was answered with changes and "lost": false; the client reports the resume ${JSON.stringify(resume)}`,
      );
      const missed = seen.events.filter(([name]) => name === 'added').length;
      expect(
        missed === 4,
        `4 events "added" were sent, 3 of them in the answer to the join; the client reports ${missed}`,
      );
      expect((await a.act('add', { tag: 'after', by: 1 })).ok === true, 'an action after the reconnect was accepted');
      expectOnce(
        (await b.upToDate(room, 'after the reconnect of the other')).state,
        ['before', 'after'],
        'across a reconnect',
      );
    },
  },
  {
    name: 'lost answer',
    checks:
      'An action was executed and its answer was lost with the connection: the client learns the verdict, and does not send it again.',
    rules: ['A3', 'A5', 'A7'],
    async run(stage) {
      const { room, a } = await stage.match();
      await a.act('add', { tag: 'first', by: 1 });
      const deaf = a.fault(({ way, packet }) =>
        way === 'down' && (packet.kind === 'ack' || isPush(packet)) ? 'drop' : 'pass',
      );
      const verdict = a.act('add', { tag: 'lost-answer', by: 2 });
      await stage.cluster.until(
        'the action is executed',
        () =>
          (stage.cluster.truth(room, null)?.state as { tags: string[] } | undefined)?.tags.includes('lost-answer') ===
          true,
      );
      deaf.ended = true;
      a.proxy.cut();
      const reply = await verdict;
      expect(
        reply.ok === true,
        `the action was accepted before the connection was lost, but the client reports ${JSON.stringify(reply)}: "base" and "verdicts" of the join's answer settle it`,
      );
      expect((await a.act('add', { tag: 'next', by: 1 })).ok === true, 'the next action was accepted');
      expectOnce(
        (await a.upToDate(room, 'after a lost answer')).state,
        ['first', 'lost-answer', 'next'],
        'although its answer was lost',
      );
    },
  },
  {
    name: 'lost refusal',
    checks: 'A refusal was lost with the connection: the client reports the refusal, not success.',
    rules: ['A4', 'A5'],
    async run(stage) {
      const { room, a } = await stage.match();
      const deaf = a.fault(({ way, packet, request }) =>
        way === 'down' && packet.kind === 'ack' && request?.name === 'act' ? 'drop' : 'pass',
      );
      const sentAt = performance.now();
      const verdict = a.act('add', { tag: 'refused', by: 20 });
      await a.packet(
        sentAt,
        'the client did not send the action',
        ({ way, packet }) => way === 'up' && packet.kind === 'event' && packet.name === 'act',
      );
      await stage.cluster.until('the action is refused', () => stage.cluster.truth(room, null) !== null);
      await new Promise(resolve => setTimeout(resolve, 150));
      deaf.ended = true;
      a.proxy.cut();
      const reply = await verdict;
      expect(
        reply.ok === false && reply.code === 'too-much',
        `the action was refused with "too-much", but the client reports ${JSON.stringify(reply)}: a verdict with "code" in the join's "verdicts" is a refusal`,
      );
      await a.upToDate(room, 'after a lost refusal');
    },
  },
  {
    name: 'lost requests',
    checks: 'Actions were lost with the connection: the client sends them again, in order, each under its number.',
    rules: ['A1', 'A5'],
    async run(stage) {
      const { room, a } = await stage.match();
      const mute = a.fault(({ way, packet }) =>
        way === 'up' && packet.kind === 'event' && packet.name === 'act' ? 'drop' : 'pass',
      );
      const sentAt = performance.now();
      const verdicts = ['one', 'two', 'three'].map(tag => a.act('add', { tag, by: 1 }));
      await a.packet(
        sentAt,
        'the client did not send the action',
        ({ way, packet }) => way === 'up' && packet.kind === 'event' && packet.name === 'act',
      );
      mute.ended = true;
      a.proxy.cut();
      for (const verdict of verdicts)
        expect(
          (await verdict).ok === true,
          'an action that was lost with the connection was not sent again with success',
        );
      const seen = await a.upToDate(room, 'after lost requests');
      expectOnce(seen.state, ['one', 'two', 'three'], 'after its request was lost');
      expect(
        (seen.state as { tags: string[] }).tags.join() === 'one,two,three',
        'the actions were executed in another order than given',
      );
    },
  },
  {
    name: 'duplicates',
    checks: 'Answers, changes and notices that arrive twice count once.',
    rules: ['C3', 'A3', 'A5b'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      a.fault(({ way, packet }) =>
        way === 'down' && (packet.kind === 'ack' || isPush(packet)) ? [packet.text, packet.text] : 'pass',
      );
      for (let i = 0; i < 4; i++) {
        expect(
          (await a.act('add', { tag: `own-${i}`, by: 1 })).ok === true,
          'an action whose answer arrives twice is accepted once',
        );
        await b.act('add', { tag: `other-${i}`, by: 2 });
      }
      const seen = await a.upToDate(room, 'after duplicate messages');
      expectOnce(seen.state, ['own-0', 'own-3', 'other-3'], 'although messages arrived twice');
      const added = seen.events.filter(([name]) => name === 'added').length;
      expect(
        added === 8,
        `8 events "added" were sent, each change twice; the client reports ${added}: a change that does not follow the client's position is ignored, and so are its events`,
      );
    },
  },
  {
    name: 'late answers',
    checks: 'An answer of an earlier connection does not count on the next one.',
    rules: ['A5b', 'A5c'],
    async run(stage) {
      const { room, a } = await stage.match();
      const held: string[] = [];
      const hold = a.fault(({ way, packet, request }) => {
        if (way !== 'down' || packet.kind !== 'ack' || request?.name !== 'act') return 'pass';
        held.push(packet.text);
        return 'drop';
      });
      const first = a.act('add', { tag: 'held', by: 1 });
      await a.poll(
        () => (held.length > 0 ? true : null),
        () => 'the client did not send the action',
      );
      hold.ended = true;
      a.proxy.cut();
      expect((await first).ok === true, 'the action was accepted');
      // The acknowledgement ids of the new connection begin again: an id alone does not identify a request.
      const mute = a.fault(({ way, packet, request }) =>
        way === 'down' && packet.kind === 'ack' && request?.name === 'act' ? 'drop' : 'pass',
      );
      const second = a.act('add', { tag: 'refused-second', by: 30 });
      await new Promise(resolve => setTimeout(resolve, 100));
      mute.ended = true;
      a.proxy.cut();
      const reply = await second;
      expect(
        reply.code === 'too-much',
        `the second action was refused with "too-much"; the client reports ${JSON.stringify(reply)}`,
      );
      expectOnce((await a.upToDate(room, 'after late answers')).state, ['held'], 'although its answer was late');
    },
  },
  {
    name: 'missed change',
    checks: 'A change that does not follow the position is not applied: the client joins again.',
    rules: ['C3'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      const drop = a.fault(({ way, packet }) => {
        if (way !== 'down' || !isPush(packet)) return 'pass';
        drop.ended = true;
        return 'drop';
      });
      const from = performance.now();
      await b.act('add', { tag: 'dropped', by: 1 });
      await b.act('add', { tag: 'following', by: 1 });
      await a.packet(
        from,
        "a change did not follow the client's position, and the client did not join again",
        ({ way, packet }) => way === 'up' && packet.kind === 'event' && packet.name === 'join',
      );
      expectOnce(
        (await a.upToDate(room, 'after a missed change')).state,
        ['dropped', 'following'],
        'for a client that missed a change',
      );
    },
  },
  {
    name: 'last change missed',
    checks: 'The heartbeat shows that the client is behind, though no further change arrives.',
    rules: ['C4', 'C4f'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      const drop = a.fault(({ way, packet }) => {
        if (way !== 'down' || !isPush(packet)) return 'pass';
        drop.ended = true;
        return 'drop';
      });
      await b.act('add', { tag: 'silent', by: 1 });
      await a.upToDate(
        room,
        'the last change was lost: a "place" every second says so (head above the own position for 250 ms: join again)',
      );
    },
  },
  {
    name: 'changes beside a join',
    checks: 'Changes that arrive before the answer to a join are kept and applied after it.',
    rules: ['C1'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      let held: string | null = null;
      let wire = a.proxy.wire!;
      // The node sends short forms only behind the answer that gives the room its number.
      const forms = new ShortForms();
      let isReleased = false;
      a.fault(passing => {
        const { way, packet, request } = passing;
        if (way === 'down' && packet.kind === 'ack' && request?.name === 'join') {
          if (held === null) forms.recordJoin(packet.args[0] as JoinReply);
          held ??= packet.text;
          wire = passing.wire;
          return 'drop';
        }
        if (isReleased || held === null || packet.kind !== 'event' || !isPush(packet)) return 'pass';
        const [name, ...args] = forms.expandEvent(packet.name, packet.args)!;
        return [eventText(name, args)];
      });
      a.proxy.cut();
      await a.poll(
        () => held,
        () => 'the client did not join again after its connection was cut',
      );
      await b.act('add', { tag: 'beside', by: 1 });
      await b.act('add', { tag: 'beside-2', by: 1 });
      // Only this answer arrives: a client that has dropped the changes cannot get them by another join.
      isReleased = true;
      wire.sendDown(held!);
      const seen = await a.upToDate(
        room,
        'changes arrived before the answer to the join: keep them, and apply those that follow after the answer',
      );
      expectOnce(seen.state, ['beside', 'beside-2'], 'beside a join');
    },
  },
  {
    name: 'silent connection',
    checks: 'A connection on which nothing arrives any more is replaced, though it stays open.',
    rules: ['C4g', 'C4k'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      const before = a.proxy.wires.length;
      a.proxy.wire!.isFrozen = true;
      await a.poll(
        () => (a.proxy.wires.length > before ? true : null),
        () =>
          'the connection was silent for 10 s and the client opened no other: a heartbeat ("place") that is not answered within 1.5 s means that the connection is dead',
      );
      await b.act('add', { tag: 'silence', by: 1 });
      expectOnce(
        (await a.upToDate(room, 'after a silent connection')).state,
        ['silence'],
        'beside a silent connection',
      );
    },
  },
  {
    name: 'heartbeat',
    checks: 'Sends its positions at least every two seconds, and answers pings.',
    rules: ['C4'],
    async run(stage) {
      const { room, a } = await stage.match();
      const from = performance.now();
      await new Promise(resolve => setTimeout(resolve, 4_500));
      const sent = a.proxy.passed.filter(({ at }) => at > from);
      const takesHeads = sent.some(
        ({ packet }) => packet.kind === 'event' && (packet.name === 'h' || packet.name === 'heads'),
      );
      const beats = sent.filter(
        ({ way, packet }) => way === 'up' && packet.kind === 'event' && packet.name === 'place',
      );
      expect(
        takesHeads || beats.length >= 1,
        'the client sent no "place" for 4.5 s: it is the heartbeat, due every second (two when idle), unless "h" or "heads" arrive',
      );
      const [beat] = beats;
      if (beat?.packet.kind === 'event') {
        const { rooms } = beat.packet.args[0] as { rooms?: Record<string, unknown> };
        expect(
          Array.isArray(rooms?.[room]),
          `"place" must name the client's position in each room: {"rooms":{"${room}":[term, seq]}}, not ${JSON.stringify(beat.packet.args[0])}`,
        );
      }
      expect(
        sent.some(({ packet }) => packet.kind === 'pong'),
        'the client answered no ping of Engine.IO: each frame "2" is answered with "3"',
      );
      await a.upToDate(room, 'after idle time');
    },
  },
];
