import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { claimPorts, isFree } from '../../../tools/local-cluster/port-block.ts';

describe('blocks of ports', () => {
  it('are never given out twice', async () => {
    const blocks = await Promise.all(Array.from({ length: 8 }, () => claimPorts('test')));
    const ports = await Promise.all(blocks.flatMap(block => [block.take(), block.take(), block.take()]));
    assert.equal(new Set(ports).size, 24);
    await Promise.all(blocks.map(block => block.release()));
  });

  it('give again what was given back, when all have been given', async () => {
    const block = await claimPorts('test');
    const ports: number[] = [];
    for (let i = 0; i < 100; i++) {
      ports.push(await block.take());
      block.giveBack(ports.at(-1)!);
    }
    assert.equal(new Set(ports).size <= 39, true);
    await block.release();
  });

  it('give a preferred port once, and only while nobody listens there', async () => {
    const [block, other] = [await claimPorts('test'), await claimPorts('test')];
    const wanted = await other.take();
    assert.equal(await block.take(wanted), wanted);
    assert.notEqual(await block.take(wanted), wanted);
    const server = createServer().listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    assert.equal(await isFree(wanted), false);
    assert.notEqual(await other.take(wanted), wanted);
    server.close();
    await Promise.all([block.release(), other.release()]);
  });
});
