import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Room } from '../../../client/room.ts';
import { contract, held, pressed, state, type ContractDef, type SeatInputs } from '../../../shared/contract.ts';
import type { Scheduling } from '../../../testkit/virtual-clock.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

export interface Latecomers {
  done: { seat: number; id: string }[];
  fired: number[];
  steer: (number | null)[];
  left: string[];
}

const def = {
  version: 1,
  seats: { min: 1, max: 4 },
  state: state<Latecomers>(),
  actions: { add: z.object({ id: z.string() }), end: z.object({}) },
  inputs: { steer: held(z.int()), fire: pressed() },
  signals: { emote: z.string() },
  tick: { hz: 20 },
  start: 'host',
  late: true,
  away: { hold: 60_000, then: 'leave' },
} as const satisfies ContractDef;
export type LatecomersDef = typeof def;
export const latecomers = contract('latecomers', def);

/** Takes players at any time, and writes down what was done in which seat. */
export const latecomersGame = latecomers.rules({
  setup: ctx => ({ done: [], fired: ctx.players.map(() => 0), steer: [], left: [] }),
  actions: {
    add(s, { id }, ctx) {
      s.done.push({ seat: ctx.seat, id });
    },
    end: (_s, _data, ctx) => ctx.end({ ranking: [ctx.players.map((_p, i) => i)] }),
  },
  tick(s, ctx) {
    ctx.inputs.forEach((input: SeatInputs<LatecomersDef>, seat) => {
      s.fired[seat] = (s.fired[seat] ?? 0) + input.fire;
      s.steer[seat] = input.steer;
    });
  },
  left(s, ctx) {
    s.left.push(`${ctx.seat} ${ctx.why}`);
  },
});

export interface LatecomersFixture {
  world: TestCluster;
  id: string;
  hosts: TestNode[];
  ada: TestClient;
  bob: TestClient;
  adas: Room<LatecomersDef>;
  bobs: Room<LatecomersDef>;
}

/** Ada, the host, at node a and Bob at node b, in a match that has begun; the owner is node c. */
export async function openLatecomersRoom(seed = 5, pace: Scheduling = 'turns'): Promise<LatecomersFixture> {
  const world = new TestCluster([latecomersGame], seed, pace);
  const hosts = await world.start('a', 'b', 'c');
  const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'latecomers' }));
  assert.ok(made.ok);
  const [ada, bob] = [world.client('ada', 'a'), world.client('bob', 'b')];
  const adas = await world.clock.run(ada.client.join(latecomers, { id: made.room }));
  const bobs = await world.clock.run(bob.client.join(latecomers, { id: made.room }));
  assert.ok((await world.clock.run(adas.start())).ok);
  await world.clock.waitUntil('the match begins', () => bobs.info.phase === 'playing');
  return { world, id: made.room, hosts, ada, bob, adas, bobs };
}

export const actionsDone = (room: Room<LatecomersDef>): string[] =>
  room.state!.done.map(({ seat, id }) => `${seat}: ${id}`);
/** Away for so long, then back. */
export async function disconnectFor(world: TestCluster, client: TestClient, ms: number): Promise<void> {
  world.disconnect(client);
  await world.clock.advance(ms);
  client.isOffline = false;
}
