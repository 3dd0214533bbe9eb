import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Client } from '../../../client/index.ts';
import type { Room } from '../../../client/room.ts';
import { until } from '../../../tools/until.ts';
import { seededRandom } from '../../simulation/seeded-random.ts';
import { count } from './count.ts';
import { freePort } from '../../../tools/free-port.ts';
import { startNode, type ArgumentsFor } from './start-node.ts';

export interface KillOptions {
  kills: number;
  seed: number;
  /** Rooms in which two players count. */
  rooms: number;
  argumentsFor: ArgumentsFor;
  onKill?: (kill: number, downMs: number) => void;
}

export interface KillResult {
  accepted: number;
  /** From the kill until a player of each room had another verdict, ms. */
  interruptions: number[];
}

type CountRoom = Room<(typeof count)['def']>;
const patience = { timeoutMs: 60_000 };
/** Between two actions of a player, ms: the limits of players allow more. */
const PAUSE = 20;
const sleep = (ms: number) =>
  new Promise(resolve => {
    setTimeout(resolve, ms);
  });

/** One player: sends the next number when the last one has its verdict. */
class Player {
  accepted = 0;
  isStopped = false;
  done: Promise<void> = Promise.resolve();

  constructor(
    readonly client: Client,
    readonly room: CountRoom,
  ) {}

  start(): void {
    this.done = this.play();
  }

  private async play(): Promise<void> {
    while (!this.isStopped) {
      const n = this.accepted + 1;
      const verdict = await this.room.act.next({ n });
      assert.ok(verdict.ok, `number ${n} of seat ${this.room.seat}: ${JSON.stringify(verdict)}`);
      this.accepted = n;
      await sleep(PAUSE);
    }
  }
}

/**
 * Kills a node without Redis under play with SIGKILL, and starts it again on the same file.
 * @throws AssertionError when an accepted action is lost or executed twice, a client does not resume by itself, or a
 * timer stops
 */
export async function runKills({ kills, seed, rooms, argumentsFor, onKill }: KillOptions): Promise<KillResult> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-kills-'));
  const port = await freePort();
  const start = () => startNode(argumentsFor, folder, port);
  let node = await start();
  const players: Player[] = [];
  const result: KillResult = { accepted: 0, interruptions: [] };
  const acceptedNow = () => players.map(player => player.accepted);
  try {
    for (let i = 0; i < rooms; i++) {
      const clients = [0, 1].map(() => connect(`http://127.0.0.1:${port}`, { storage: null }));
      const first = await clients[0]!.create(count);
      const second = await clients[1]!.join(count, { id: first.id });
      players.push(new Player(clients[0]!, first), new Player(clients[1]!, second));
    }
    await until(
      'the matches begin',
      () => players.every(({ room }) => room.info.phase === 'playing') || undefined,
      patience,
    );
    for (const player of players) player.start();
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(50 + random() * 500);
      const before = acceptedNow();
      const beats = players.map(({ room }) => room.state!.beats);
      node.kill('SIGKILL');
      const killedAt = performance.now();
      await once(node, 'exit');
      node = await start();
      await Promise.race([
        until(
          'every player has another verdict',
          () => players.every((player, i) => player.accepted > before[i]! + 1) || undefined,
          patience,
        ),
        ...players.map(player => player.done),
      ]);
      result.interruptions.push(performance.now() - killedAt);
      await until(
        'the timers go on',
        () => players.every(({ room }, i) => room.state!.beats > beats[i]!) || undefined,
        patience,
      );
      onKill?.(kill, performance.now() - killedAt);
    }
    for (const player of players) player.isStopped = true;
    await Promise.all(players.map(player => player.done));
    for (const { room, accepted } of players) {
      const { last, repeated, skipped } = room.state!;
      assert.deepEqual(
        { last: last[room.seat as 0 | 1], repeated, skipped },
        { last: accepted, repeated: 0, skipped: 0 },
        `room ${room.id}, seat ${room.seat}`,
      );
    }
    result.accepted = acceptedNow().reduce((sum, n) => sum + n, 0);
    return result;
  } finally {
    for (const player of players) {
      player.isStopped = true;
      player.client.close();
    }
    node.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
