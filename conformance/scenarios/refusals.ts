import { io } from 'socket.io-client';
import { protocolVersion, type JoinReply } from '../../shared/protocol.ts';
import { ackText, connectErrorText } from '../harness/packets.ts';
import { expect, expectOnce, type Scenario } from '../harness/scenario.ts';
import { conformanceContract } from '../harness/games.ts';
import { isRequest } from './matches.ts';

/** Refusals, and the duty of each. */
export const refusalScenarios: readonly Scenario[] = [
  {
    name: 'retry of an action',
    checks:
      'An action that is refused with "slow-down" or "unavailable" is sent again under its number, not before retryAfter.',
    rules: ['W2', 'W3'],
    async run(stage) {
      const { room, a } = await stage.match();
      let refusals: { code: string; retryAfter?: number }[] = [
        { code: 'slow-down', retryAfter: 400 },
        { code: 'unavailable', retryAfter: 200 },
        { code: 'busy' },
      ];
      a.fault(({ way, packet, wire }) => {
        if (way !== 'up' || packet.kind !== 'event' || packet.name !== 'act' || refusals.length === 0) return 'pass';
        const [refusal, ...rest] = refusals;
        refusals = rest;
        setImmediate(() => wire.sendDown(ackText(packet.id, { ok: false, ...refusal })));
        return 'drop';
      });
      const reply = await a.act('add', { tag: 'retried', by: 1 });
      expect(
        reply.ok === true,
        `"slow-down", "unavailable" and "busy" mean: send the same request again after retryAfter. The client reports ${JSON.stringify(reply)} instead`,
      );
      expect((await a.act('add', { tag: 'next', by: 1 })).ok === true, 'the next action was accepted');
      expectOnce((await a.upToDate(room, 'after retries')).state, ['retried', 'next'], 'after retries');
    },
  },
  {
    name: 'retry of a join',
    checks:
      'A join that is refused with "unavailable" is sent again after retryAfter, whatever a heartbeat says meanwhile.',
    rules: ['W3'],
    async run(stage) {
      const { room, a } = await stage.match();
      let left = 1;
      a.fault(({ way, packet, wire }) => {
        if (way !== 'up' || packet.kind !== 'event' || packet.name !== 'join' || left-- <= 0) return 'pass';
        setImmediate(() => wire.sendDown(ackText(packet.id, { ok: false, code: 'unavailable', retryAfter: 1_500 })));
        return 'drop';
      });
      a.proxy.cut();
      await a.poll(
        () => (left < 0 ? true : null),
        () => 'the join was refused with "unavailable", retryAfter 1500, and the client did not send it again',
      );
      await a.upToDate(room, 'after a join that was refused');
    },
  },
  {
    name: 'number not used up',
    checks: 'A final refusal without "place" has not used up its number: the following actions move up.',
    rules: ['A4c'],
    async run(stage) {
      const { room, a } = await stage.match();
      const once = a.fault(({ way, packet, wire }) => {
        if (way !== 'up' || packet.kind !== 'event' || packet.name !== 'act') return 'pass';
        once.ended = true;
        setImmediate(() =>
          wire.sendDown(
            ackText(packet.id, {
              ok: false,
              code: 'too-large',
              detail: 'the message has 17000 bytes, at most 16384 (packetBytes)',
            }),
          ),
        );
        return 'drop';
      });
      const reply = await a.act('add', { tag: 'large', by: 1 });
      expect(
        reply.ok === false && reply.code === 'too-large',
        `"too-large" is final; the client reports ${JSON.stringify(reply)}`,
      );
      expect(
        (await a.act('add', { tag: 'small', by: 1 })).ok === true,
        'the action after a refusal without "place" was accepted: it takes the number of the refused one',
      );
      expectOnce(
        (await a.upToDate(room, 'after a refusal before the room')).state,
        ['small'],
        'after a refusal before the room',
      );
    },
  },
  {
    name: 'old protocol',
    checks:
      'A handshake that is refused with "client-outdated" is final: the client reports it and does not try again.',
    rules: ['W15d', 'U8'],
    async run(stage) {
      const a = await stage.player('old');
      a.fault(({ way, packet, wire }) => {
        if (way !== 'up' || packet.kind !== 'connect') return 'pass';
        setImmediate(() => wire.sendDown(connectErrorText({ code: 'client-outdated' })));
        return 'drop';
      });
      const reply = await a.ask('connect', { url: a.proxy.url, name: 'Old', token: null });
      expect(
        reply.ok === false && reply.code === 'client-outdated',
        `the handshake was refused (packet 44 with "data") with "client-outdated"; the client reports ${JSON.stringify(reply)}`,
      );
      await new Promise(resolve => setTimeout(resolve, 1_200));
      expect(
        a.proxy.wires.length === 1,
        `"client-outdated" is final, and the client connected ${a.proxy.wires.length} times`,
      );
    },
  },
  {
    name: 'old contract',
    checks: 'A join with a version of the game that is too old is refused with "client-outdated".',
    rules: ['K3'],
    async run(stage) {
      const { cluster } = stage;
      const { id: room } = await cluster.nodes[0]!.rooms.create(conformanceContract, {});
      const a = await stage.player('outdated');
      await a.connect();
      const reply = await a.join(room, { version: 1 });
      expect(
        reply.ok === false && reply.code === 'client-outdated',
        `the join said version 1, and the game takes clients from version 2: the client must send "version" with the join, and report the refusal. It reports ${JSON.stringify(reply)}`,
      );
      await new Promise(resolve => setTimeout(resolve, 600));
    },
  },
  {
    name: 'replaced session',
    checks: 'Another connection of the player takes the seat: the hold is over, and the client does not take it back.',
    rules: ['A6b', 'U8'],
    async run(stage) {
      const { room, a } = await stage.match();
      const other = io(`http://127.0.0.1:${stage.cluster.nodes[1]!.port}`, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        auth: { wire: protocolVersion, token: a.token },
      });
      try {
        await new Promise<void>((resolve, reject) => {
          other.on('welcome', () => resolve());
          other.on('connect_error', reject);
        });
        const reply = (await other.timeout(5_000).emitWithAck('join', {
          room,
          session: `other-${performance.now().toString(36).replace('.', '-')}`,
        })) as JoinReply;
        expect(reply.ok, "the runner's own connection of the same player got the seat");
        const state = await a.poll(
          async () => {
            const state = await a.state();
            return state.ended ? state : null;
          },
          () => 'the notice "session-replaced" names the client\'s session: its hold is over, and "ended" must say so',
        );
        expect(
          state.ended!.code === 'session-replaced',
          `the hold ended with "session-replaced"; the client reports ${JSON.stringify(state.ended)}`,
        );
        await new Promise(resolve => setTimeout(resolve, 600));
      } finally {
        other.close();
      }
    },
  },
  {
    name: 'kicked',
    checks: 'The player is removed from the room: the hold is over, and actions settle.',
    rules: ['H1c', 'A11', 'S10'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      const { seat } = await a.state();
      const { player } = stage.cluster.truth(room, null)!.room.seats[seat!]!;
      await stage.cluster.nodes[1]!.rooms.kick(room, player!);
      const state = await a.poll(
        async () => {
          const state = await a.state();
          return state.ended ? state : null;
        },
        () => 'the notice "kicked" ends the hold, and "ended" must say so',
      );
      expect(
        ['kicked', 'seat-lost'].includes(state.ended!.code),
        `the hold ended with "kicked"; the client reports ${JSON.stringify(state.ended)}`,
      );
      const reply = await a.act('add', { tag: 'too-late', by: 1 });
      expect(reply.ok === false, 'an action after the hold has ended settles with a refusal');
      await new Promise(resolve => setTimeout(resolve, 600));
      await b.upToDate(room, 'after the other was kicked');
    },
  },
  {
    name: 'not a member',
    checks: 'An action that is answered "not-in-room" is sent again after the client has joined again.',
    rules: ['A14c', 'W3'],
    async run(stage) {
      const { room, a } = await stage.match();
      const from = performance.now();
      const once = a.fault(({ way, packet, wire }) => {
        if (way !== 'up' || packet.kind !== 'event' || packet.name !== 'act') return 'pass';
        once.ended = true;
        setImmediate(() => wire.sendDown(ackText(packet.id, { ok: false, code: 'not-in-room' })));
        return 'drop';
      });
      const reply = await a.act('add', { tag: 'outside', by: 1 });
      expect(
        reply.ok === true,
        `"not-in-room" means: join again, then send the action. The client reports ${JSON.stringify(reply)}`,
      );
      expect(
        a.proxy.passed.some(({ at, way, packet }) => at > from && way === 'up' && isRequest(packet, 'join')),
        'the client did not join again after "not-in-room"',
      );
      expectOnce((await a.upToDate(room, 'after "not-in-room"')).state, ['outside'], 'after "not-in-room"');
    },
  },
];
