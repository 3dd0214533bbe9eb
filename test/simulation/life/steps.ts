import type { Room } from '../../../client/room.ts';
import type { StoreFault } from '../../../testkit/faulty-store.ts';
import type { TestNode } from '../../../testkit/test-node.ts';
import type { Device, EnteredRoom } from './device.ts';
import { lifeGames, slots, type LifeGame } from './games.ts';
import { jointSteps } from './joint-steps.ts';
import type { Ledger } from './ledger.ts';
import type { LifeHistory } from './life.ts';
import { skipIdleTime } from './skip-idle-time.ts';
import type { LifeStep } from './plan.ts';
import { waitUntilQuiescent } from './quiescence.ts';
import { longNames, oddKinds, invalidValueNames, invalidValues, invalidWords } from './invalid-values.ts';

const pick = <T>(list: readonly T[], draw: number): T => list[Math.floor(draw * list.length)]!;
/** Inputs and signals by name, whatever the game has. */
const named = (of: unknown) => of as Record<string, (value?: unknown) => void>;
/** How long (ms) the store is away, and how long nothing happens. */
const outages = [1_000, 2_500, 8_000, 14_000, 20_000, 25_000, 90_000, 600_000, 3_600_000];
const pauses = [12_000, 40_000, 150_000, 1_200_000, 3 * 3_600_000, 20 * 3_600_000, 50 * 3_600_000];

/** Carries out the steps of a plan. */
export class Steps {
  /** Names of nodes that run the next version of the games. */
  private readonly next = new Set<string>();
  private needsNext = false;
  private isResting = false;
  private endOutage: (() => void) | null = null;
  private rushes = 0;
  private readonly fates: ((op: string) => StoreFault | undefined)[] = [];

  constructor(private readonly life: LifeHistory) {
    life.world.faultFor = ({ op }) => {
      for (const fate of this.fates) {
        const fated = fate(op);
        if (fated) return fated;
      }
      return undefined;
    };
  }

  async take(step: LifeStep): Promise<void> {
    const { life } = this;
    const [p, q, r, s, t] = step.draws as [number, number, number, number, number];
    const device = life.device(step.who);
    // Most that can happen in a room can happen while a match is on.
    const playing = device.open.filter(h => h.room.info.phase === 'playing');
    const rooms = playing.length > 0 && q < 0.7 ? playing : device.open;
    const held = rooms.length > 0 ? pick(rooms, p) : null;
    const ledger = held && life.ledgers.get(held.id);
    const say = (what: string) => life.tell(`step ${step.n}: ${step.kind}, ${what}`);
    switch (step.kind) {
      case 'create':
        return void this.create(device, step);
      case 'quick':
        return void this.quick(device, life.gameOf(p), step.draws);
      case 'rush':
        return this.rush(step);
      case 'double-click':
        return this.doubleClick(device, step);
      case 'join-code':
      case 'join-id':
      case 'watch': {
        const room = life.openLedgers.at(-1 - Math.floor(p * p * life.openLedgers.length));
        if (room) void this.join(device, room, step.kind, step.draws);
        return;
      }
      case 'act': {
        if (!held) return void this.quick(device, life.gameOf(q), step.draws);
        // In one instant, so that keys are removed in one action of an entry, and set again in another.
        if (step.draws[6]! < 0.2)
          for (const how of ['add', 'drop', 'swap', 'reorder', 'drop', 'swap']) if (!held.watch) life.act(held, how);
        for (let i = 0; i <= Math.floor(q * 3); i++)
          this.act(held, step.draws[(i + 2) % 8]!, step.draws[(i + 3) % 8]!, t);
        return;
      }
      case 'strange':
        return this.strange(device, held, step.draws);
      case 'leave':
        return held ? void this.leave(held) : undefined;
      case 'leave-and-join': {
        if (!held || !ledger) return;
        const left = this.leave(held);
        if (q < 0.4) await life.world.clock.run(left, 'leaving', 30_000).catch(() => {});
        else if (q < 0.6) await life.world.clock.advance(r * 4);
        return void this.join(device, ledger, 'join-id', step.draws);
      }
      case 'close':
        return held?.room.close();
      case 'close-and-join': {
        if (!held || !ledger) return;
        if (q < 0.5) {
          // While the client is joining again by another connection.
          device.client.move();
          await life.world.clock.advance(r * 8);
        }
        held.room.close();
        if (s < 0.5) void this.join(device, ledger, 'join-id', step.draws);
        return;
      }
      case 'kick':
      case 'host': {
        const { host, room } = this.hosting() ?? {};
        if (!room || !host) return;
        const others = room.players.flatMap((x, i) => (x && i !== room.seat ? [i] : []));
        if (others.length === 0) return;
        say(`by ${host.person} in ${life.short(room.id)}`);
        return void life.track(
          step.kind,
          host,
          step.kind === 'kick' ? room.kick(pick(others, q)) : room.makeHost(pick(others, q)),
        );
      }
      case 'begin':
        return this.begin();
      case 'ready':
        return held && !held.watch ? void life.track('ready', device, held.room.ready(q < 0.9)) : undefined;
      case 'bot': {
        const { host, room } = this.hosting() ?? {};
        return room && host ? void life.track('addBot', host, room.addBot()) : undefined;
      }
      case 'rematch': {
        for (const one of held ? life.devices.flatMap(d => d.open.filter(h => h.id === held.id)) : [])
          void life.track('rematch', one.device, one.room.rematch());
        return;
      }
      case 'bring':
        return held && !held.watch
          ? void life.track('bring', device, held.room.setProfile(q < 0.2 ? null : { colour: `c${Math.floor(r * 9)}` }))
          : undefined;
      case 'team':
        return held && !held.watch
          ? void life.track('joinTeam', device, held.room.joinTeam(Math.floor(q * 3)))
          : undefined;
      case 'signal':
        return this.signal(held, q, r);
      case 'input': {
        if (!held || !ledger?.game.def.inputs) return;
        named(held.room.input)['steer']!({ x: Math.floor(q * 9) });
        return named(held.room.input)['dash']!();
      }
      case 'tab':
        return this.tab(step, held, false);
      case 'restart':
      case 'reload':
        return this.tab(step, held, true);
      case 'away': {
        const ms = pick([2_000, 6_500, 9_000, 35_000, 70_000, 60 * 3_600_000], q);
        say(`${device.person} for ${ms} ms`);
        return device.disconnectFor(ms);
      }
      case 'lost-answer': {
        device.losesAnswerTo = r < 0.35 ? 'join!' : r < 0.88 ? 'act!' : 'create!';
        device.losesFor = t < 0.3 ? 0 : pick([3_000, 7_000, 9_500, 32_000], s);
        say(`${device.losesAnswerTo}, and its network for ${device.losesFor} ms`);
        if (device.losesAnswerTo === 'act!' && held) return this.act(held, q, s, t);
        return void (q < 0.6 ? this.quick(device, life.gameOf(p), step.draws) : this.create(device, step));
      }
      case 'identity':
        say(`the token of ${device.player} is not valid any more${r < 0.2 ? ', nor will any other be' : ''}`);
        life.uncertainPlayers.add(device.player);
        life.identities.revoke(device.player);
        if (r < 0.2) life.identities.refuseAll(device.person);
        return q < 0.7 ? device.breakConnections() : undefined;
      case 'rename':
        return void life.track('rename', device, device.client.rename(pick(longNames, q)));
      case 'clock': {
        device.testClient.clockSkew += (q < 0.5 ? -1 : 1) * pick([700, 90_000, 3_600_000, 50 * 3_600_000], r);
        return say(`${device.person} is ${device.testClient.clockSkew} ms off`);
      }
      case 'storage':
        device.storage.fails = pick(['reads', 'writes', 'all', 'no'] as const, q);
        say(`${device.storage.fails} fail at ${device.person}`);
        return r < 0.6 ? device.breakConnections() : undefined;
      case 'later': {
        const ms = pick(pauses, q) * (0.5 + r);
        say(`${Math.round(ms / 1_000)} s`);
        return skipIdleTime(life, ms);
      }
      case 'rest': {
        this.isResting = true;
        await this.setRight(false);
        say('all is set right');
        await waitUntilQuiescent(life);
        this.isResting = false;
        return;
      }
      case 'kick-and-quick':
      case 'leave-and-signal':
      case 'finish-and-rematch':
      case 'late-return':
        return jointSteps[step.kind](life, this, step, held);
      default:
        return this.fail(step, device);
    }
  }

  // --- players --------------------------------------------------------------------------------

  private options(draws: readonly number[]): Record<string, unknown> {
    const [, q, r, s, t] = draws as [number, number, number, number, number];
    const chosen: [string, unknown][] = [
      ...(q < 0.4 ? [] : [['goal', 1 + Math.floor(q * 3)] as [string, unknown]]),
      ...(r < 0.5 ? [] : [['speed', 1 + Math.floor(r * 2)] as [string, unknown]]),
      ...(s < 0.08 ? [['big', true] as [string, unknown]] : []),
    ];
    return Object.fromEntries(t < 0.5 ? chosen : chosen.reverse());
  }

  private create(device: Device, { draws }: LifeStep): Promise<unknown> {
    const [p, q, , s, , u, v] = draws as [number, number, number, number, number, number, number];
    const game = this.life.gameOf(p);
    const how = {
      options: { ...this.options(draws), ...(u < 0.1 ? { faulty: true } : {}) },
      ...(s < 0.2 ? { private: true } : {}),
      ...(v < 0.2 ? { bots: 1 } : {}),
      ...(q < 0.3 ? { profile: { colour: 'red' } } : {}),
    };
    return this.life.enter('create', device, () => device.client.create(game.contract, how as never) as never);
  }

  quick(device: Device, game: LifeGame, draws: readonly number[], options = this.options(draws)): Promise<Room | null> {
    return this.life.enter(
      'quick',
      device,
      () => device.client.quick(game.contract, { options } as never) as never,
      game,
    );
  }

  async join(
    device: Device,
    ledger: Ledger,
    how: 'join-code' | 'join-id' | 'watch',
    draws: readonly number[],
  ): Promise<unknown> {
    const { life } = this;
    const which = how === 'join-code' ? { code: ledger.doc.room.code } : { id: ledger.id };
    // While all must come to rest no node changes its version, and a client of a newer one would wait for that.
    const game = draws[6]! < 0.1 && !this.isResting ? ledger.game.next : ledger.game.contract;
    if (game === ledger.game.next) this.needsNext = true; // who has it waits until some node has it, too
    if (how === 'watch') return life.enter('watch', device, () => device.client.watch(game, which) as never);
    const key = `${device.player}/${ledger.id}`;
    const gaveUp = life.gaveUp.delete(key);
    const room = await life.enter(
      'join',
      device,
      () =>
        device.client.join(game, {
          ...which,
          ...(draws[5]! < 0.2 ? { profile: { colour: 'blue' } } : {}),
        } as never) as never,
    );
    // A join that was refused for another reason than that it is closed leaves things as they were, unless another join
    // was let in meanwhile.
    if (!room && gaveUp && !device.open.some(held => held.id === ledger.id && !held.watch)) life.gaveUp.add(key);
    return room;
  }

  private act(held: EnteredRoom, draw: number, more: number, last: number): void {
    const { life } = this;
    if (held.watch) return;
    const how = pick(
      [
        'add',
        'add',
        'add',
        'add',
        'deny',
        'crash',
        'reorder',
        'reorder',
        'drop',
        'swap',
        'shift',
        'take',
        'touch',
        'arm',
        'arm',
        'arm',
        'say',
        'say',
        'odd',
        'finish',
        'put',
      ] as const,
      draw,
    );
    if (how === 'arm')
      return life.act(held, how, {
        slot: pick(slots, more),
        ms: pick([300, 2_000, 9_000, 30_000, 200_000, 30 * 3_600_000, 8.2 * 1_000 + 0.4], last),
      });
    if (how === 'say') return life.act(held, how, { text: pick(invalidWords, more) });
    if (how === 'odd') return life.act(held, how, { kind: pick(oddKinds, more) });
    life.act(held, how);
  }

  private strange(device: Device, held: EnteredRoom | null, draws: readonly number[]): void {
    const { life } = this;
    const [, q, r, s] = draws as [number, number, number, number];
    const name = pick(invalidValueNames, q);
    const value = invalidValues[name]!();
    life.tell(`${device.person} sends ${name}`);
    if (!held || held.watch || r < 0.15) {
      const game = life.gameOf(s);
      const call = r < 0.08 ? 'create' : 'quick';
      const how = s < 0.5 ? { options: { goal: 1, more: value } } : { profile: { colour: value } };
      return void life
        .enter(call, device, () => device.client[call](game.contract, how as never) as never, game)
        .then(
          room =>
            room && this.leave(device.open.find(h => h.room === room) ?? device.rooms.find(h => h.room === room)!),
        );
    }
    if (r < 0.25) return void life.track(`bring ${name}`, device, held.room.setProfile(value as never));
    if (r < 0.35) {
      try {
        named(held.room.signal)['emote']!(value);
      } catch (error) {
        life.tell(`the signal throws: ${(error as Error).message}`);
      }
      return;
    }
    life.act(held, 'put', { value });
    if (s < 0.6) life.act(held, 'add'); // which is not held up by it
  }

  async leave(held: EnteredRoom): Promise<void> {
    const { life } = this;
    const { device, id, room, watch } = held;
    life.tell(`${device.person} leaves ${life.short(id)}`);
    // A room object that a later join of the room has replaced has no seat to give up: it says so, or that its own seat
    // was given up before.
    const isReplaced = room.ended !== null && device.open.some(other => other.id === id && !other.watch);
    if (!watch && !isReplaced && room.ended?.code !== 'session-replaced') life.gaveUp.add(`${device.player}/${id}`);
    const leaving = { device, room: id };
    life.leaving.add(leaving);
    if ((await life.track(`leave of ${device.person}`, device, room.leave())).confirmed) life.leaving.delete(leaving);
    life.tell(`${device.person} has left ${life.short(id)}`);
  }

  private signal(held: EnteredRoom | null, q: number, r: number): void {
    if (!held) return;
    try {
      if (q < 0.4) named(held.room.signal)['emote']!('gg');
      else for (let i = 0; i < r * 25; i++) named(held.room.signal)['cursor']!({ x: q < 0.8 ? i : NaN });
    } catch (error) {
      this.life.tell(`the signal throws: ${(error as Error).message}`);
    }
  }

  private tab(step: LifeStep, held: EnteredRoom | null, closes: boolean): void {
    const { life } = this;
    const old = life.device(step.who);
    const ids = old.open.filter(h => !h.watch).map(h => h.id);
    life.tell(`${old.person} opens another ${closes ? 'page and closes the first' : 'tab'}`);
    if (closes && step.kind === 'reload') old.testClient.isOffline = true; // at once, as when a program is killed
    if (closes) life.closeDevice(old);
    const device = life.newDevice(step.who);
    for (const id of ids)
      if (held?.id === id || step.draws[1]! < 0.8) void this.join(device, life.ledgers.get(id)!, 'join-id', step.draws);
  }

  /** Somebody who is the host of the room that was made last, as far as the clients show it. */
  hosting(): { host: Device; room: Room } | null {
    for (const device of [...this.life.devices].reverse()) {
      if (!device.online) continue;
      const held = device.open.findLast(h => !h.watch && h.room.seat !== null && h.room.info.host === h.room.seat);
      if (held) return { host: device, room: held.room };
    }
    return null;
  }

  /** All who are in the room that was made last do what makes a match begin there. */
  private begin(): void {
    const { life } = this;
    for (const ledger of [...life.openLedgers].reverse()) {
      const members = life.devices
        .filter(d => d.online)
        .flatMap(d => d.open.filter(h => h.id === ledger.id && !h.watch));
      if (ledger.doc.room.phase !== 'waiting' || members.length === 0) continue;
      for (const { room, device } of members) {
        if (ledger.game.def.start === 'ready') void life.track('ready', device, room.ready());
        else if (ledger.game.def.start === 'host' && room.info.host === room.seat)
          void life.track('start', device, room.start());
      }
      return;
    }
  }

  /** Several quick joins in one instant: as few rooms as there can be. */
  private async rush({ draws, n }: LifeStep): Promise<void> {
    const { life } = this;
    const game = life.gameOf(draws[0]!);
    const goal = 1_000 + this.rushes++;
    const count = 2 + Math.floor(draws[1]! * (life.people - 1));
    const devices = Array.from({ length: count }, (_x, who) => life.device(who)).filter(
      d => d.online && ![...life.pending].some(one => one.device === d),
    );
    const calm = life.calm;
    life.tell(`step ${n}: rush of ${devices.length} into ${game.name}`);
    const rooms = Promise.all(
      devices.map((device, i) =>
        this.quick(device, game, draws, {
          goal,
          mods: i % 2 === 0 ? { fast: true, deep: 2 } : { deep: 2, fast: true },
        }),
      ),
    );
    if (!calm || draws[2]! < 0.3) return;
    const got = await life.world.clock.run(rooms, 'the answers to a rush', 12_000).catch(() => null);
    if (!got) return life.complain('every promise settles', 'the answers to a rush do not come');
    const made = new Set(got.flatMap(room => room?.id ?? []));
    // Others may take seats in these rooms meanwhile: by a quick join without options, by id or by code.
    const own = new Set(devices.map(d => d.player));
    const others = [...made].flatMap(room => [...life.ledgers.get(room)!.cameHere].filter(player => !own.has(player)));
    const fewest = Math.ceil((devices.length + others.length) / game.def.seats.max);
    if (life.calm && got.every(room => room !== null) && made.size > fewest)
      life.complain(
        'those who come at once meet',
        `${devices.length} quick joins of ${game.name} made ${made.size} rooms, not ${fewest}`,
      );
  }

  private async doubleClick(device: Device, { draws }: LifeStep): Promise<void> {
    const { life } = this;
    if (!device.online) return;
    const game = life.gameOf(draws[0]!);
    const options = { goal: 2_000 + this.rushes++ };
    const calm = life.calm;
    const both = Promise.all([this.quick(device, game, draws, options), this.quick(device, game, draws, options)]);
    const got = await life.world.clock.run(both, 'the answers to a double click', 12_000).catch(() => null);
    if (calm && life.calm && got?.[0] && got[1] && got[0].id !== got[1].id)
      life.complain('one call, one room', `a double click of ${device.person} gave two rooms of ${game.name}`);
  }

  // --- what fails -----------------------------------------------------------------------------

  private fail({ kind, draws, n }: LifeStep, device: Device): void | Promise<void> {
    const { life } = this;
    const { world, up } = life;
    const [p, q, r, s] = draws as [number, number, number, number];
    const host = pick(up, p);
    const spare = up.length > 1 && life.outage === null;
    const say = (what: string) => life.tell(`step ${n}: ${kind} ${what}`);
    if (kind !== 'cut' && kind !== 'hop') life.disturb();
    switch (kind) {
      case 'outage':
        return this.outage(pick(outages, q), r);
      case 'kill':
        if (!spare) return;
        say(host.name);
        return this.kill(host, 300 + r * 1_500);
      case 'freeze':
        if (!spare) return;
        say(host.name);
        world.freeze(host);
        return this.later(r * 3_000, () => {
          if (host.state === 'frozen') world.thaw(host);
        });
      case 'drain':
        if (!spare) return;
        say(host.name);
        return this.drain(host);
      case 'version': {
        if (life.outage !== null) return;
        const forward = q < 0.65;
        const old = up.filter(h => this.next.has(h.name) !== forward);
        const all = r < 0.4;
        for (const one of all ? old : old.slice(0, 1)) {
          say(`${one.name} ${forward ? 'forward' : 'back'}, ${s < 0.5 && up.length > 1 ? 'in good order' : 'killed'}`);
          this.needsNext = true; // what a node of the next version has written, only such a node can run
          if (forward) this.next.add(one.name);
          else this.next.delete(one.name);
          if (s < 0.5 && up.length > 1) this.drain(one);
          else this.kill(one, 300 + r * 800);
        }
        return;
      }
      case 'cut':
        say(device.person);
        return device.breakConnections();
      case 'hop':
        return device.client.move();
      case 'lose-request':
      case 'lose-reply': {
        let left = 1 + Math.floor(q * 3);
        const ops =
          r < 0.4
            ? ['append']
            : r < 0.6
              ? ['claim', 'pass']
              : r < 0.8
                ? ['create', 'findOrCreate', 'withdraw', 'list', 'byCode']
                : ['append', 'claim', 'owner', 'release', 'snapshot', 'remove', 'findOrCreate'];
        say(`of ${left} × ${ops.join('/')}`);
        return this.meddle(1_500, op =>
          left > 0 && ops.includes(op) && (left--, true)
            ? { lose: kind === 'lose-request' ? 'request' : 'reply' }
            : undefined,
        );
      }
      case 'silence':
        world.dropsBroadcast = () => world.random() < 0.66;
        return this.later(r * 1_500, () => {
          world.dropsBroadcast = () => false;
        });
      default:
        throw new Error(`no step ${kind}`);
    }
  }

  /** No node reaches the store or the others for so long. */
  private async outage(ms: number, draw: number): Promise<void> {
    const { life } = this;
    if (life.outage !== null) return;
    const { world, up } = life;
    // Something is to be due while the store is away, or soon after.
    for (const device of life.devices) {
      const held = device.online && device.open.find(h => !h.watch && h.room.info.phase === 'playing');
      if (held) life.act(held, 'arm', { slot: 't0', ms: draw < 0.5 ? 9_000 : 30_000 });
    }
    await world.clock.advance(12);
    life.tell(`the store is away for ${ms} ms`);
    life.outage = { from: world.clock.now(), to: Infinity };
    life.outages.push(life.outage);
    for (const ledger of life.ledgers.values())
      ledger.ownedAtOutage = ledger.token !== null && up.some(h => h.owns(ledger.id));
    // also one that is frozen, and thaws meanwhile
    for (const host of world.nodes.values()) if (host.state !== 'dead') world.isolate(host);
    this.endOutage = () => {
      this.endOutage = null;
      life.tell('the store is back');
      life.outage!.to = world.clock.now();
      life.outage = null;
      life.disturb();
      for (const host of world.nodes.values()) if (host.isIsolated) world.heal(host);
    };
    const { endOutage } = this;
    this.later(ms, () => {
      if (this.endOutage === endOutage) endOutage();
    });
    if (draw > 0.3) await skipIdleTime(life, ms + 4_000);
  }

  private kill(host: TestNode, back: number): void {
    const { world } = this.life;
    world.kill(host);
    this.later(back, () => {
      if (world.node(host.name) === host) this.boot(host.name);
    });
  }

  private boot(name: string): void {
    const { world, outage } = this.life;
    const { host } = world.startNode(
      name,
      lifeGames.map(g => (this.next.has(name) ? g.nextGame : g.game)),
    );
    if (outage) world.isolate(host);
  }

  private drain(host: TestNode): void {
    const { world } = this.life;
    void host.node.drain().then(() => {
      if (host.state === 'up') for (const link of host.connections) link.sendToClient('moving', []);
    });
    this.later(2_000, () => {
      if (world.node(host.name) !== host) return;
      if (host.state !== 'dead') world.kill(host);
      this.boot(host.name);
    });
  }

  private meddle(ms: number, fate: (op: string) => StoreFault | undefined): void {
    this.fates.push(fate);
    this.later(ms, () => {
      const at = this.fates.indexOf(fate);
      if (at >= 0) this.fates.splice(at, 1);
    });
  }

  /** Sets right what does not do so by itself. `people`: those who are away come back. */
  async setRight(people: boolean): Promise<void> {
    const { life } = this;
    const { world } = life;
    this.fates.length = 0;
    world.dropsBroadcast = () => false;
    this.endOutage?.();
    for (const host of [...world.nodes.values()]) {
      if (host.state === 'frozen') world.thaw(host);
      if (host.state === 'up' && host.node.isDraining) world.kill(host);
    }
    // A room that a newer version has written is left to nodes of that version: in the end all are of it.
    if (this.next.size > 0 || this.needsNext) {
      for (const host of [...world.nodes.values()]) {
        if (this.next.has(host.name)) continue;
        this.next.add(host.name);
        if (host.state !== 'dead') world.kill(host);
      }
    }
    for (const host of [...world.nodes.values()]) if (host.state === 'dead') this.boot(host.name);
    if (people) for (const device of life.devices) device.testClient.isOffline = false;
    for (const device of life.devices) if (device.storage.fails !== 'no' && people) device.storage.fails = 'no';
    await world.clock.advance(10);
  }

  private later(ms: number, fn: () => void): void {
    this.life.world.clock.afterExactly(ms, fn);
  }
}
