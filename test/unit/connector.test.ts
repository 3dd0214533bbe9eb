import assert from 'node:assert/strict';
import { Connector } from '../../client/connector.ts';
import type { AfterRefusal } from '../../client/credentials.ts';
import type { Status } from '../../client/status.ts';
import type { TransportEvents, Route, Transport } from '../../client/ports.ts';
import { VirtualClock } from '../../testkit/virtual-clock.ts';
import type { HeartbeatReply, Requests } from '../../shared/protocol.ts';
import type { Refused } from '../../shared/refusals.ts';

interface Opened {
  route: Route;
  events: TransportEvents;
  open: boolean;
  answer: (() => Promise<Requests['place'][1]>) | null;
}

/** A connector whose lines do what the test says. */
function connector(
  onRefused: (refusal: Refused) => AfterRefusal = () => 'give-up',
  room: () => string | null = () => null,
) {
  const clock = new VirtualClock();
  const lines: Opened[] = [];
  const transport: Transport = {
    open(_handshake, route, events) {
      const line: Opened = { route, events, open: true, answer: null };
      lines.push(line);
      return {
        request: ((_name: string, _body: unknown, patience: number) =>
          line.answer?.() ??
          new Promise((_resolve, reject) => clock.after(patience, () => reject(new Error('no answer'))))) as never,
        send: () => {},
        close: () => {
          line.open = false;
        },
      };
    },
  };
  const made = new Connector(
    transport,
    {
      now: () => clock.now(),
      mono: () => clock.mono(),
      random: () => 0.5,
      after: (ms, fn) => {
        const timer = clock.after(ms, fn);
        return () => timer.cancel();
      },
    },
    () => ({}),
    onRefused,
    room,
  );
  const said: Status['state'][] = [];
  made.onStatus.add(status => said.push(status.state));
  const welcome = (line: Opened, node = 'a') =>
    line.events.event('welcome', { player: 'p', name: 'p', token: '', node, now: 0, wire: 2 });
  const reply = (line: Opened): HeartbeatReply => {
    line.events.received();
    return { ok: true, now: 0, rooms: {}, spread: 100 };
  };
  made.start();
  return { clock, lines, made, said, welcome, reply };
}

describe('connector', () => {
  it('[C6] the first try to come back waits for a part of what the node said, the next ones for more and more', async () => {
    const { clock, lines, made, welcome } = connector();
    await clock.advance(1);
    welcome(lines[0]!);
    made.reconnectSpread = 1_000;
    lines[0]!.events.closed(null);
    for (const [tries, wait] of [
      [1, 510],
      [2, 110],
      [3, 210],
    ] as const) {
      await clock.advance(wait - 1);
      assert.equal(lines.length, tries);
      await clock.advance(1);
      assert.equal(lines.length, tries + 1);
      lines.at(-1)!.events.closed(null);
    }
  });
  it('[C6a] after a refusal the next try waits for `retryAfter` and its own time, and for no more than 30 s', async () => {
    for (const [retryAfter, wait] of [
      [5_000, 5_060],
      [3_600_000, 30_060],
      [-1, 60],
      [undefined, 60],
      ['soon', 60],
    ] as const) {
      const { clock, lines } = connector(() => 'retry');
      lines[0]!.events.closed({
        ok: false,
        code: 'slow-down',
        ...(retryAfter === undefined ? {} : { retryAfter: retryAfter as number }),
      });
      await clock.advance(wait - 1);
      assert.equal(lines.length, 1, String(retryAfter));
      await clock.advance(1);
      assert.equal(lines.length, 2, String(retryAfter));
    }
  });

  it('[C6a] `retryAfter` also holds back what else opens a connection: a rename, a way of its own, a page that is shown again', async () => {
    const { clock, lines, made, welcome } = connector(() => 'retry');
    welcome(lines[0]!);
    made.switchToUsualRoute();
    lines[1]!.events.closed({ ok: false, code: 'too-many-connections', retryAfter: 5_000 });
    made.switchRoute();
    assert.equal(lines.length, 2);
    made.suspend();
    made.resume();
    await clock.advance(4_999);
    assert.equal(lines.length, 2);
    await clock.advance(1);
    assert.equal(lines.length, 3);
  });

  it('[C6a] of connections that are opened side by side the one with `retryAfter` counts, whichever closes last', async () => {
    const { clock, lines } = connector(() => 'retry');
    await clock.waitUntil('two are opened', () => lines.length === 2, 4_000);
    lines[0]!.events.closed({ ok: false, code: 'unavailable', retryAfter: 2_000 });
    lines[1]!.events.closed(null);
    await clock.advance(1_999);
    assert.equal(lines.length, 2);
    await clock.advance(100);
    assert.equal(lines.length, 3);
  });

  it('[C4] a line that is silent for too long is not dropped until another stands, which comes by another route', async () => {
    const { clock, lines, made, welcome } = connector();
    welcome(lines[0]!);
    await clock.advance(1_000);
    void made.probe('place', { rooms: {} }, Connector.silenceTimeout(null));
    await clock.advance(1_490);
    assert.equal(lines.length, 1);
    await clock.advance(20);
    assert.equal(lines.length, 2);
    assert.notEqual(lines[1]!.route, undefined);
    assert.equal(made.status.state, 'reconnecting');
    assert.ok(lines[0]!.open && made.isLive);
    welcome(lines[1]!, 'b');
    assert.ok(!lines[0]!.open);
    assert.deepEqual(made.status, { state: 'live', node: 'b' });
  });

  it('[C4] how long is too long depends on what is usual', () => {
    assert.deepEqual(
      [0, 20, 100, 150, 1_000, null].map(ms => Connector.silenceTimeout(ms)),
      [900, 980, 1_300, 1_500, 1_500, 1_500],
    );
  });

  it('[C4] is live again when no other way leads anywhere and the old line speaks', async () => {
    const { clock, lines, made, welcome, reply } = connector();
    welcome(lines[0]!);
    await clock.advance(1_000);
    void made.probe('place', { rooms: {} }, Connector.silenceTimeout(null));
    await clock.advance(1_510);
    lines[1]!.events.closed(null);
    assert.equal(made.status.state, 'reconnecting', 'nothing was heard yet');
    reply(lines[0]!);
    assert.deepEqual(made.status, { state: 'live', node: 'a' });
  });

  it('a line that is slow to open gets company, and the first that is welcomed wins', async () => {
    const { clock, lines, made, welcome } = connector();
    await clock.advance(2_510);
    assert.equal(lines.length, 2);
    await clock.waitUntil('more company', () => lines.length === 4, 8_000);
    const most = () => assert.ok(lines.filter(l => l.open).length <= 4, 'not more than four at once');
    for (let i = 0; i < 80; i++) {
      await clock.advance(100);
      most();
    }
    assert.ok(lines.length > 4 && lines.length < 8, `${lines.length} lines: the oldest give way, slower and slower`);
    assert.ok(!lines[0]!.open);
    const chosen = lines.at(-2)!;
    welcome(chosen, 'c');
    assert.deepEqual(
      lines.filter(l => l.open),
      [chosen],
    );
    assert.deepEqual(made.status, { state: 'live', node: 'c' });
    welcome(lines[0]!, 'a');
    assert.deepEqual(made.status, { state: 'live', node: 'c' }, 'too late');
  });

  it('tries again and again, slower and slower, and by other routes after the second time', async () => {
    const { clock, lines, made } = connector();
    const at: number[] = [];
    for (let i = 0; i < 12; i++) {
      lines[i]!.events.closed(null);
      const from = clock.mono();
      await clock.waitUntil('another try', () => lines.length > i + 1, 4_000);
      at.push(clock.mono() - from);
    }
    assert.ok(at[0]! < 200);
    assert.ok(at.at(-1)! > 1_000 && at.at(-1)! <= 3_020);
    assert.deepEqual(
      lines.slice(0, 4).map(l => l.route === undefined),
      [true, true, true, false],
    );
    assert.equal(made.isLive, false);
    assert.deepEqual(
      made.status,
      { state: 'connecting', attempt: 13, since: Date.UTC(2026, 0, 1) },
      'and says so, from the first on',
    );
  });

  it('a refusal that is final ends it, and says why; nothing is tried any more', async () => {
    const { clock, lines, made, said } = connector();
    lines[0]!.events.closed({ ok: false, code: 'bad-token' });
    await clock.advance(10_000);
    assert.equal(lines.length, 1);
    assert.deepEqual(made.status, {
      state: 'refused',
      refusal: { ok: false, code: 'bad-token' },
      why: 'The token is forged, expired or not for this server.',
      now: 'new-identity',
    });
    assert.deepEqual(said, ['refused'], 'and it is not said to have been closed');
  });

  it('[O10] moves when it is told to, and what an old line still says is not heard', async () => {
    const { lines, made, welcome } = connector();
    welcome(lines[0]!);
    const heard: string[] = [];
    made.onEvent.add(name => heard.push(name));
    lines[0]!.events.event('moving');
    assert.equal(lines.length, 2);
    lines[0]!.events.event('token', 'x');
    welcome(lines[1]!, 'b');
    lines[0]!.events.event('token', 'y');
    lines[1]!.events.event('token', 'z');
    assert.deepEqual(heard, ['token', 'token']);
    lines[0]!.events.closed(null);
    assert.equal(made.status.state, 'live');
  });

  describe('of lines for a room', () => {
    it('[C7] each goes by the way of the room; who enters another has another line, and keeps the old one until it stands', () => {
      let room: string | null = null;
      const { lines, made, welcome } = connector(undefined, () => room);
      assert.equal(lines[0]!.route, undefined);
      welcome(lines[0]!);
      made.switchIfRoomChanged();
      assert.equal(lines.length, 1);
      room = 'x';
      made.switchIfRoomChanged();
      assert.deepEqual(lines[1]!.route, { room: 'x' });
      assert.ok(lines[0]!.open && made.isLive);
      room = 'y';
      made.switchIfRoomChanged();
      assert.equal(lines.length, 2, 'one after the other');
      welcome(lines[1]!, 'b');
      assert.deepEqual(lines[2]!.route, { room: 'y' }, 'it is late, and goes on');
      welcome(lines[2]!, 'c');
      made.switchIfRoomChanged();
      assert.equal(lines.length, 3);
      assert.deepEqual(
        lines.map(l => l.open),
        [false, false, true],
      );
    });

    it('[C7] when the way leads nowhere all try the same others, from the first on', async () => {
      const routes: Route[][] = [];
      for (let i = 0; i < 2; i++) {
        const { clock, lines, made, welcome } = connector(undefined, () => 'x');
        welcome(lines[0]!);
        for (let times = 0; times < 2; times++) {
          await clock.advance(1_000);
          void made.probe('place', { rooms: {} }, 900);
          await clock.waitUntil('two others', () => lines.length === 3 + 2 * times, 3_000);
          welcome(lines.at(-1)!);
        }
        lines.at(-1)!.events.closed(null);
        await clock.waitUntil('it comes back', () => lines.length === 6, 3_000);
        routes.push(lines.map(l => l.route));
      }
      assert.deepEqual(routes[0], [{ room: 'x' }, 'x.1', 'x.2', 'x.1', 'x.2', { room: 'x' }]);
      assert.deepEqual(routes[1], routes[0]);
    });

    it('[C7] who came by another way tries that of the room again after a while, and keeps the line until it stands', async () => {
      const { clock, lines, made, welcome } = connector(undefined, () => 'x');
      await clock.waitUntil('company', () => lines.length === 2, 3_000);
      assert.equal(lines[1]!.route, 'x.1');
      welcome(lines[1]!);
      await clock.advance(29_000);
      assert.equal(lines.length, 2);
      await clock.advance(3_000);
      assert.equal(lines.length, 3, 'there is no hurry');
      assert.deepEqual(lines[2]!.route, { room: 'x' });
      assert.ok(lines[1]!.open && made.isLive);
      welcome(lines[2]!, 'b');
      await clock.advance(60_000);
      assert.equal(lines.length, 3);
    });

    it('[C7] [O10] who is told to move goes by the way of the room, which leads past who goes', () => {
      const { lines, welcome } = connector(undefined, () => 'x');
      welcome(lines[0]!);
      lines[0]!.events.event('moving');
      assert.deepEqual(lines[1]!.route, { room: 'x' });
    });
  });

  it('[U9a] closed by a callback it leaves no timer behind, which would keep a process', async () => {
    for (const state of ['reconnecting', 'live'] as const) {
      const { clock, lines, made, welcome } = connector(
        () => 'other-route',
        () => 'x',
      );
      welcome(lines[0]!);
      made.onStatus.add(status => {
        if (status.state === state) made.close();
      });
      lines[0]!.events.closed({ ok: false, code: 'unavailable', retryAfter: 20_000 });
      if (state === 'live') {
        await clock.waitUntil('another way', () => lines.length === 2, 60_000);
        welcome(lines[1]!);
      }
      assert.deepEqual([made.status.state, clock.timers], ['closed', 0], state);
    }
  });

  it('closed is closed', async () => {
    const { clock, lines, made, welcome } = connector();
    welcome(lines[0]!);
    made.close();
    assert.ok(!lines[0]!.open);
    lines[0]!.events.closed(null);
    made.switchRoute();
    await clock.advance(10_000);
    assert.equal(lines.length, 1);
    assert.equal(made.status.state, 'closed');
  });
});
