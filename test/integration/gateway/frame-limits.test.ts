import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { FrameCounter } from '../../../server/gateway/frame-counter.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { limits } from '../../../shared/limits.ts';
import { frame, textFrame } from '../hostile/frames.ts';
import { ask, RawPolling } from '../hostile/raw-polling.ts';
import { RawSocket } from '../hostile/raw-socket.ts';

const tooMany = limits.packets.burst + 300;
const times = (count: number, one: Buffer): Buffer => Buffer.concat(Array<Buffer>(count).fill(one));
const empty = Buffer.alloc(0);

describe('the frame counter', () => {
  const frames = [
    textFrame('4'),
    frame(empty, { opcode: 9 }),
    frame(Buffer.from('x'), { opcode: 10 }),
    frame(Buffer.alloc(300, 0x34), { opcode: 2 }),
    frame(Buffer.alloc(70_000, 0x34), { opcode: 1 }),
    frame(empty, { opcode: 1, fin: false }),
    frame(empty, { opcode: 0, fin: false }),
    frame(Buffer.from('end'), { opcode: 0 }),
    frame(Buffer.from('plain'), { opcode: 1, masked: false }),
    frame(Buffer.from([3, 232]), { opcode: 8 }),
  ];

  it('[W17] counts frames of all types and sizes, wherever the stream is cut', () => {
    const stream = Buffer.concat(frames);
    for (const size of [1, 2, 3, 7, 1_000, stream.length]) {
      const counter = new FrameCounter();
      let counted = 0;
      for (let at = 0; at < stream.length; at += size) counted += counter.count(stream.subarray(at, at + size));
      assert.equal(counted, frames.length, `in pieces of ${size}`);
    }
  });
});

describe('floods of WebSocket frames', () => {
  let server: RunningServer;
  const opened: RawSocket[] = [];
  before(async () => {
    server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        log: noLog,
        trustProxy: 'loopback',
      },
      { port: 0, host: '127.0.0.1' },
    );
  });
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.end('reset');
  });
  after(async () => {
    await server.close();
  });

  const target = () => ({ port: server.port, address: '10.1.1.1' });
  const open = async (query?: string) => {
    const socket = (await RawSocket.open(target(), query))!;
    opened.push(socket);
    return socket;
  };
  const floods = async () =>
    Number(/^rejoin_floods_total (\d+)/m.exec((await ask(target(), { path: '/metrics' })).text)?.[1]);
  const isClosed = (socket: RawSocket) => socket.hears(() => socket.closed, 5_000);

  for (const [name, flood] of [
    ['pong frames', times(tooMany, frame(empty, { opcode: 10 }))],
    ['ping frames', times(tooMany, frame(empty, { opcode: 9 }))],
    [
      'fragments of one message',
      Buffer.concat([frame(empty, { opcode: 1, fin: false }), times(tooMany, frame(empty, { opcode: 0, fin: false }))]),
    ],
    ['text messages', times(tooMany, textFrame('3'))],
  ] as const) {
    it(`[W17] a connection that sends too many ${name} is told why and closed`, async () => {
      const before = await floods();
      const socket = await open();
      await socket.text('40{}');
      await socket.hears(text => text.startsWith('42["welcome"'));
      await socket.send(flood);
      await isClosed(socket);
      assert.equal(socket.closed, true);
      assert.ok(
        socket.heard.includes('42["refused",{"ok":false,"code":"slow-down","detail":"too many packets"}]'),
        socket.heard.join('\n'),
      );
      assert.equal(await floods(), before + 1);
    });
  }

  it('[W17] pings above the limit are not answered, also where one piece of the stream brings thousands', async () => {
    const socket = await open();
    await socket.text('40{}');
    await socket.hears(text => text.startsWith('42["welcome"'));
    await socket.send(times(20_000, frame(empty, { opcode: 9 })));
    await isClosed(socket);
    // The frames of one piece are counted together, before any of them is answered.
    assert.ok(socket.pongs <= 2 * limits.packets.burst, `${socket.pongs} pongs`);
  });

  it('[W17] a WebSocket that floods before its session moves to it is closed', async () => {
    for (const flood of [times(tooMany, textFrame('2probe')), times(tooMany, frame(empty, { opcode: 10 }))]) {
      const before = await floods();
      const polling = (await RawPolling.open(target()))!;
      const socket = await open(`EIO=4&transport=websocket&sid=${polling.sid}`);
      await socket.send(flood);
      await isClosed(socket);
      assert.equal(socket.closed, true);
      assert.equal(await floods(), before + 1);
      polling.close();
    }
  });

  it('[W17] a connection below the limits is left alone', async () => {
    const socket = await open();
    await socket.text('40{}');
    await socket.hears(text => text.startsWith('42["welcome"'));
    await socket.send(
      times(limits.packets.burst / 4, frame(empty, { opcode: 10 })),
      times(limits.packets.burst / 4, frame(empty, { opcode: 9 })),
    );
    await socket.text('421["list",{}]');
    assert.match((await socket.hears(text => text.startsWith('431')))!, /"ok":true/);
  });
});
