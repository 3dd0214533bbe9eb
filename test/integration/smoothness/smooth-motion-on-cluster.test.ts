import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { ArenaRoom } from '../../../client-demo/games/arena/arena-room.ts';
import type { Client } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { arena } from '../../../shared/games/arena/contract.ts';
import { clientFrom } from '../cluster/clients.ts';
import { eventually } from '../../../tools/until.ts';
import { Link } from '../faults/network/link.ts';
import { FrameRecorder } from './frame-recorder.ts';

/** What a page does between two frames; a machine that is full takes longer, and then the frames are farther apart. */
const frameTime = 1_000 / 60;
const bad = { kind: 'late', ms: 50, jitter: 4, stalls: { part: 0.02, least: 200, most: 300 } } as const;

/** So many more ticks are played. */
const goesOn = async (room: ArenaRoom, ticks: number) => {
  const from = room.state!.tick;
  await eventually('it goes on', () => room.state!.tick >= from + ticks);
};

/** Real Redis, nginx, nodes and sockets; between nginx and the player a network that is far away and loses packets. */
describe('motion on a cluster, as it is shown', () => {
  let cluster: Cluster;
  let link: Link;
  const clients: Client[] = [];

  before(async () => {
    cluster = await startCluster({ nodes: 3, quiet: true, env: { LOG_LEVEL: 'warn' } });
    link = await Link.to(Number(new URL(cluster.url).port));
    await link.setConditions({ up: bad, down: bad, newConnections: 'open' });
  });
  after(async () => {
    for (const client of clients) client.close();
    link?.close();
    await cluster?.stop();
  });

  it('[U3][U4][U5] the owner is killed, 100 ms away, with stalls of 200 to 300 ms on 2 of 100 messages: nobody jumps', async () => {
    const player = (n: number): Client => {
      const made = clientFrom(`http://127.0.0.1:${link.port}`, n);
      clients.push(made);
      return made;
    };
    const [ann, bob] = [player(150), player(151)];
    const room: ArenaRoom = await ann.create(arena, { private: true, bots: 3, options: { rounds: 1, seconds: 90 } });
    await bob.join(arena, { id: room.id });
    assert.ok((await room.start()).ok);
    await eventually('they play', () => room.state?.phase === 'play');
    const recording = new FrameRecorder(room);
    let turn = 0;
    const page = setInterval(() => {
      const now = performance.now();
      if (now > turn) {
        turn = now + 300 + Math.random() * 700;
        const angle = Math.random() * 2 * Math.PI;
        recording.own.input.steer({ x: Math.round(Math.cos(angle) * 90), y: Math.round(Math.sin(angle) * 90) });
        if (Math.random() < 0.3) recording.own.input.dash();
      }
      recording.frame();
    }, frameTime);
    try {
      for (let i = 0; i < 2; i++) {
        await goesOn(room, 80);
        const { term } = room;
        await cluster.kill((await ann.inspect(room as never)).owner!);
        await eventually('another owner', () => room.term > term);
        await goesOn(room, 80);
        await cluster.restart(cluster.nodes.find(node => node.state !== 'up')!.name);
      }
    } finally {
      clearInterval(page);
    }
    recording.stop();
    const { steps, farthest } = recording.checkOthers();
    const own = recording.ownSteps();
    const ticks = recording.frames.map(frame => frame.tick);
    const about = JSON.stringify({
      frames: ticks.length,
      steps,
      farthest,
      raw: recording.rawFarthest(),
      own: own.fastest,
      step: own.step,
      error: own.errors[own.errors.length >> 1],
      ticks: [ticks[0], ticks.at(-1)],
    });
    if (process.env['SHOW'] === '1') process.stdout.write(`${about}\n`);
    assert.ok(steps > 1_000 && ticks.at(-1)! - ticks[0]! > 200, about);
    assert.ok(recording.rawFarthest() > 2 * farthest, `the network was no test: ${about}`);
    assert.ok(own.fastest <= (1.5 * 180) / 50, about);
  });
});
