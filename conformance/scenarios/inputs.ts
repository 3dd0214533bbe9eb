import { expect, type Scenario, type Stage } from '../harness/scenario.ts';
import { driveContract, volatileDriveContract, type DriveState } from '../harness/games.ts';
import type { Player } from '../harness/player.ts';

/** One client in a game with a tick. */
async function drive(
  stage: Stage,
  contract: typeof driveContract | typeof volatileDriveContract,
): Promise<{ room: string; a: Player; seen: () => DriveState | null }> {
  const { nodes } = stage.cluster;
  const { id: room } = await nodes.at(-1)!.rooms.create(contract as typeof driveContract, {});
  const a = await stage.player('driver', nodes[0]!);
  await a.connect();
  const joined = await a.join(room, { game: contract.name, version: 1 });
  expect(joined.ok === true, `"join" was refused: ${joined.code} ${joined.detail ?? ''}`);
  expect((await a.act('$ready')).ok === true, 'the action "$ready" was accepted');
  const seen = () => (stage.cluster.truth(room, null)?.state ?? null) as DriveState | null;
  await stage.cluster.until('the match begins', () => seen() !== null);
  return { room, a, seen };
}

/** Inputs of games with a tick. */
export const inputScenarios: readonly Scenario[] = [
  {
    name: 'inputs',
    checks: 'A held value counts until it changes, and each press counts once, across a killed owner and a reconnect.',
    rules: ['I1', 'I2', 'I3', 'I4'],
    feature: 'inputs',
    async run(stage) {
      const { room, a, seen } = await drive(stage, driveContract);
      await a.ask('input', { hold: { speed: 2 } });
      await a.poll(
        () => ((seen()?.at[0] ?? 0) > 0 ? true : null),
        () => 'a held value did not count: {"room","n","hold":{"speed":2}}, n from 1 and growing',
      );
      for (let i = 0; i < 3; i++) await a.ask('input', { press: { jump: 1 } });
      await a.poll(
        () => (seen()?.jumps[0] === 3 ? true : null),
        () => `3 presses were made, and ${seen()?.jumps[0]} counted`,
      );
      const { nodes } = stage.cluster;
      await stage.cluster.ownerOf(room)!.kill();
      await a.ask('input', { press: { jump: 1 } });
      await stage.cluster.until('another node runs the room', () => stage.cluster.ownerOf(room) !== undefined);
      const at = seen()?.at[0] ?? 0;
      await a.poll(
        () => ((seen()?.at[0] ?? 0) > at ? true : null),
        () =>
          'held values are in the owner\'s memory alone: send them again to a new owner (notice "owner", a higher term) and on a new connection',
      );
      await a.poll(
        () => (seen()?.jumps[0] === 4 ? true : null),
        () =>
          `4 presses were made, and ${seen()?.jumps[0]} counted: send presses again until room.inputs[seat] has reached their number`,
      );
      a.home = nodes[1]!;
      a.proxy.cut();
      await a.ask('input', { press: { jump: 2 } });
      await a.poll(
        () => (seen()?.jumps[0] === 6 ? true : null),
        () => `6 presses were made, and ${seen()?.jumps[0]} counted after a reconnect`,
      );
      await a.ask('input', { hold: { speed: 0 } });
      await new Promise(resolve => setTimeout(resolve, 700));
      expect(
        seen()?.jumps[0] === 6,
        `6 presses were made, and ${seen()?.jumps[0]} counted: a press that counted was sent again under a new number`,
      );
      await a.upToDate(room, 'after the held value is 0');
    },
  },
  {
    name: 'volatile state',
    checks:
      'A client that applies "motion" takes it back before the next entry; one that ignores it is right with each entry.',
    rules: ['D1', 'D3', 'D4'],
    feature: 'inputs',
    async run(stage) {
      const { room, a } = await drive(stage, volatileDriveContract);
      await a.ask('input', { hold: { speed: 3 } });
      await new Promise(resolve => setTimeout(resolve, 900));
      await stage.cluster.ownerOf(room)!.kill();
      await stage.cluster.until('another node runs the room', () => stage.cluster.ownerOf(room) !== undefined);
      await new Promise(resolve => setTimeout(resolve, 600));
      await a.ask('input', { hold: { speed: 0 } });
      await a.upToDate(
        room,
        'volatile state ("motion") must be taken back before the next entry is applied, and never follows into another term',
      );
    },
  },
];
