import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { eventually } from '../../../../tools/until.ts';
import { normalConditions, Link } from './link.ts';
import type { Flow } from './pipe.ts';

const pass: Flow = { kind: 'pass' };
const hold: Flow = { kind: 'hold' };

/** A lab whose network does not do what it says proves nothing. */
describe('a link', () => {
  let server: Server;
  let link: Link;
  const heard: string[] = [];
  const inside = new Set<Socket>();
  const opened: Socket[] = [];
  const open = async (): Promise<Socket & { text: string }> => {
    const socket = Object.assign(connect(link.port, '127.0.0.1'), { text: '' });
    opened.push(socket);
    socket.on('error', () => {});
    socket.on('data', data => {
      socket.text += data.toString();
    });
    await once(socket, 'connect');
    return socket;
  };
  /** So long that what was to come would have come; only used where nothing is to come. */
  const aWhile = () => new Promise(done => setTimeout(done, 150));

  beforeEach(async () => {
    heard.length = 0;
    server = createServer(socket => {
      inside.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => inside.delete(socket));
      socket.on('data', data => {
        heard.push(data.toString());
        socket.write(`>${data.toString()}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    link = await Link.to((server.address() as AddressInfo).port);
  });
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
    link.close();
    server.close();
    for (const socket of inside) socket.destroy();
  });

  it('passes bytes both ways, and the end of a connection', async () => {
    const socket = await open();
    socket.write('a');
    await eventually('the answer', () => socket.text === '>a');
    socket.destroy();
    await eventually('the other end is told', () => inside.size === 0);
  });

  it('holds one direction: the connection stands, and what was sent arrives when it is over', async () => {
    const socket = await open();
    socket.write('a');
    await eventually('the answer', () => socket.text === '>a');
    await link.setConditions({ up: pass, down: hold, newConnections: 'open' });
    socket.write('b');
    await eventually('it arrives', () => heard.includes('b'));
    await aWhile();
    assert.equal(socket.text, '>a');
    await link.setConditions(normalConditions);
    await eventually('the answer', () => socket.text === '>a>b');
    await link.setConditions({ up: hold, down: pass, newConnections: 'open' });
    socket.write('c');
    await aWhile();
    assert.deepEqual(heard, ['a', 'b']);
    await link.setConditions(normalConditions);
    await eventually('the answer', () => socket.text === '>a>b>c');
  });

  it('while it is silent, new connections are made and hear nothing, and nobody learns that an end has gone', async () => {
    const before = await open();
    before.write('a');
    await eventually('the answer', () => before.text === '>a');
    await link.setConditions({ up: hold, down: hold, newConnections: 'open' });
    const meanwhile = await open();
    meanwhile.write('b');
    before.destroy();
    await aWhile();
    assert.deepEqual([heard, inside.size], [['a'], 2]);
    await link.setConditions(normalConditions);
    await eventually('the answer', () => meanwhile.text === '>b');
    await eventually('the end that went is known', () => inside.size === 1);
  });

  it('refuses, breaks what there is, and lets in again', async () => {
    const socket = await open();
    await link.setConditions({ ...normalConditions, newConnections: 'refused' });
    link.cut();
    await eventually('it breaks', () => socket.destroyed);
    await assert.rejects(
      open().then(s => once(s, 'data')),
      /ECONNREFUSED|aborted/,
    );
    await link.setConditions(normalConditions);
    const again = await open();
    again.write('a');
    await eventually('the answer', () => again.text === '>a');
  });

  it('delays, and keeps the order whatever the jitter', async () => {
    await link.setConditions({ up: { kind: 'late', ms: 30, jitter: 60 }, down: pass, newConnections: 'open' });
    const socket = await open();
    const from = performance.now();
    for (let i = 0; i < 10; i++) {
      socket.write(String(i));
      await new Promise(done => setTimeout(done, 3));
    }
    await eventually('all of it', () => heard.join('').length === 10);
    assert.equal(heard.join(''), '0123456789');
    assert.ok(performance.now() - from >= 30);
  });

  it('stalls: what is lost on the way comes so much later', async () => {
    await link.setConditions({
      up: { kind: 'late', ms: 0, jitter: 0, stalls: { part: 1, least: 100, most: 120 } },
      down: pass,
      newConnections: 'open',
    });
    const socket = await open();
    const from = performance.now();
    socket.write('a');
    await eventually('it arrives', () => heard.join('') === 'a');
    assert.ok(performance.now() - from >= 95);
  });

  it('is narrow: so many bytes take at least so long', async () => {
    await link.setConditions({ up: { kind: 'narrow', bytesPerSecond: 10_000 }, down: pass, newConnections: 'open' });
    const socket = await open();
    const from = performance.now();
    socket.write('x'.repeat(3_000));
    await eventually('all of it', () => heard.join('').length === 3_000);
    assert.ok(performance.now() - from >= 200);
  });

  it('loses one answer, with the connection, after the request has gone through', async () => {
    const socket = await open();
    const other = await open();
    const lost = link.loseReply('EVAL');
    other.write('GET');
    await eventually('others are answered', () => other.text === '>GET');
    socket.write('EVAL');
    await lost;
    await eventually('it breaks', () => socket.destroyed);
    assert.deepEqual([heard, socket.text], [['GET', 'EVAL'], '']);
    other.write('EVAL');
    await eventually('once', () => other.text === '>GET>EVAL');
  });
});
