import type { Device, EnteredRoom } from './device.ts';
import type { LifeHistory } from './life.ts';
import type { LifeStep } from './plan.ts';
import type { Steps } from './steps.ts';

/** Steps that consist of several calls whose order and timing matter. */
export const jointSteps = {
  /** The host removes a player, who looks for another room of the same kind at once. */
  async 'kick-and-quick'(life: LifeHistory, steps: Steps, { n, draws }: LifeStep): Promise<void> {
    const { host, room } = steps.hosting() ?? {};
    if (!room || !host) return;
    const victims = life.devices.filter(
      d =>
        d.online && d.player !== host.player && d.open.some(h => h.id === room.id && !h.watch && h.room.seat !== null),
    );
    const victim = victims[Math.floor(draws[0]! * victims.length)];
    if (!victim) return;
    const seat = victim.open.find(h => h.id === room.id && !h.watch)!.room.seat!;
    life.tell(
      `step ${n}: ${host.person} removes ${victim.person} from ${life.short(room.id)}, who asks for another room`,
    );
    const removed = life.track('kick', host, room.kick(seat));
    if (draws[1]! < 0.5) await life.world.clock.run(removed, 'a kick', 12_000).catch(() => {});
    else await life.world.clock.advance(draws[2]! * 5);
    const ledger = life.ledgers.get(room.id)!;
    const options = (ledger.doc.room as unknown as { options: Record<string, unknown> }).options;
    void steps.quick(victim, ledger.game, draws, draws[3]! < 0.7 ? options : undefined);
  },

  /** A player leaves, and all devices of that player go on sending signals for the room, whatever the SDK would do. */
  async 'leave-and-signal'(
    life: LifeHistory,
    steps: Steps,
    { who, draws }: LifeStep,
    held: EnteredRoom | null,
  ): Promise<void> {
    if (!held || held.watch) return;
    const { player, id } = held;
    if (life.calm && held.device.online && draws[3]! < 0.6) await enterAgain(life, held, life.newDevice(who));
    const left = steps.leave(held);
    const signal = () => {
      if (!life.over)
        for (const device of life.devices) if (!device.closed && device.player === player) sendSignal(device, id);
    };
    if (draws[1]! < 0.5) await life.world.clock.run(left, 'leaving', 30_000).catch(() => {});
    signal();
    for (const ms of [40, 900, 3_400, 7_000 + draws[2]! * 4_000]) life.world.clock.afterExactly(ms, signal);
  },

  /**
   * A match ends, and all agree to the next one in the same instant. Sometimes one of them has no network, for less or
   * more than the others wait.
   */
  'finish-and-rematch'(life: LifeHistory, _steps: Steps, { draws }: LifeStep, held: EnteredRoom | null): void {
    if (!held || held.watch) return;
    const members = life.devices.filter(d => d.online).flatMap(d => d.open.filter(h => h.id === held.id && !h.watch));
    if (draws[1]! < 0.5) life.act(held, 'add');
    life.act(held, 'finish');
    const away = members.find(m => m.device !== held.device)?.device;
    if (away && draws[2]! < 0.8) away.disconnectFor(6_000 + draws[3]! * 14_000);
    for (const { device, room } of members) void life.track('rematch', device, room.rematch());
  },

  /**
   * A player acts, has no network for about as long as the seat is held, and comes back to a seat that may be another
   * one.
   */
  async 'late-return'(
    life: LifeHistory,
    steps: Steps,
    { n, draws }: LifeStep,
    held: EnteredRoom | null,
  ): Promise<void> {
    const ledger = held && life.ledgers.get(held.id);
    if (!held || held.watch || !ledger) return;
    const [, q, r, s, t, u] = draws as [number, number, number, number, number, number];
    const { device } = held;
    const hold = (ledger.game.def.away as { hold: number }).hold;
    const away = hold + (s - 0.2) * 4_000;
    life.tell(`step ${n}: ${device.person} acts, and has no network for ${Math.round(away)} ms`);
    if (q < 0.5) {
      device.losesAnswerTo = 'act!';
      device.losesFor = away;
    }
    for (let i = 0; i <= Math.floor(r * 4); i++) life.act(held, i % 2 === 0 ? 'add' : 'reorder');
    await life.world.clock.advance(t * 3);
    if (q >= 0.5) device.disconnectFor(away);
    // Somebody else may have taken the seat meanwhile.
    if (u < 0.3)
      life.world.clock.afterExactly(
        away - 500,
        () => void (life.over || steps.join(life.device((draws.length + n) % life.people), ledger, 'join-id', draws)),
      );
    life.world.clock.afterExactly(away + u * 200, () => {
      if (device.closed || life.over) return;
      for (const one of device.open.filter(h => h.id === held.id && !h.watch)) life.act(one, 'add');
      if (u < 0.5) void steps.join(device, ledger, 'join-id', draws);
    });
  },
} satisfies Record<
  string,
  (life: LifeHistory, steps: Steps, step: LifeStep, held: EnteredRoom | null) => void | Promise<void>
>;

export type JointStep = keyof typeof jointSteps;

/** Sends a signal for a room as a client without the SDK could. */
function sendSignal(device: Device, room: string): void {
  connectorOf(device).send('signal', { room, name: 'emote', data: 'gone' });
}

/**
 * Another connection of the player enters the room under the same session, as a client without the SDK could, for some
 * seconds.
 */
async function enterAgain(life: LifeHistory, { room, id, player }: EnteredRoom, device: Device): Promise<void> {
  await life.world.clock.advance(20);
  const { session } = room.sync as unknown as { session: string };
  if (device.player === player)
    void connectorOf(device)
      .request('join', { room: id, session, resume: true, watch: false })
      .catch(() => {});
  await life.world.clock.advance(6);
  life.world.clock.afterExactly(12_000, () => {
    if (!device.closed) life.closeDevice(device);
  });
}

const connectorOf = (device: Device) =>
  (
    device.client as unknown as {
      connector: { send(name: string, body: unknown): void; request(name: string, body: unknown): Promise<unknown> };
    }
  ).connector;
