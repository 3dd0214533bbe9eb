import type { AnyGame } from '../../shared/contract.ts';
import type { TestCluster } from '../../testkit/test-cluster.ts';
import type { StoreCall } from '../../testkit/faulty-store.ts';
import { latch } from '../../testkit/latch.ts';
import type { TestNode } from '../../testkit/test-node.ts';
import type { Fault, FaultKind } from './plan.ts';

/** What the faults of a client need of it. */
export interface FaultTarget {
  name: string;
  cut(): void;
  unplug(ms: number): void;
  switchNode(): void;
  restart(): void;
  openTab(): void;
}

export interface FaultInjectorParts {
  world: TestCluster;
  room: () => string;
  players: readonly FaultTarget[];
  /** The rules that a node comes back with. */
  games: (upgraded: boolean) => readonly AnyGame[];
  /** Takes back the last writes to the room; false where this world cannot. */
  rollBack: (writes: number) => void;
  tell: (line: string) => void;
}

const writes: readonly string[] = ['append', 'claim', 'pass', 'release', 'snapshot'];

/** Carries out what goes wrong, and later sets right what does not do so by itself. */
export class FaultInjector {
  /** How often what went wrong. */
  readonly faultCounts: Partial<Record<FaultKind, number>> = {};
  /** Decides about calls to the store; each is asked until it has had its fill. */
  private readonly storeFaults: ((call: StoreCall) => ReturnType<TestCluster['faultFor']>)[] = [];
  /** Waits for the nth call of a node. */
  private callTrigger: { host: TestNode; left: number; moment: 'asked' | 'done'; spring(): void } | null = null;
  private readonly upgraded = new Set<string>();
  private readonly stalls: (() => void)[] = [];

  constructor(private readonly parts: FaultInjectorParts) {
    const { world } = parts;
    world.faultFor = call => {
      for (const fate of this.storeFaults) {
        const fated = fate(call);
        if (fated) return fated;
      }
      return undefined;
    };
    world.observer.onCall = (host, _what, moment) => this.passing(host, moment);
  }

  private passing(host: TestNode, moment: 'asked' | 'done'): void {
    const { callTrigger } = this;
    if (!callTrigger || callTrigger.host !== host || callTrigger.moment !== moment || callTrigger.left-- > 0) return;
    this.callTrigger = null;
    callTrigger.spring();
  }

  inject(fault: Fault): void {
    const { world, players, tell } = this.parts;
    const [p, q, r, s] = fault.draws as [number, number, number, number];
    const up = [...world.nodes.values()].filter(h => h.state === 'up');
    const owner = world.owner(this.parts.room());
    const host = (p < 0.7 ? owner : undefined) ?? up[Math.floor(q * up.length)];
    const player = players[Math.floor(p * players.length)]!;
    this.faultCounts[fault.kind] = (this.faultCounts[fault.kind] ?? 0) + 1;
    const say = (what: string) => tell(`fault ${fault.n}: ${fault.kind} ${what}`);
    const spare = up.length > 1 && host !== undefined;
    switch (fault.kind) {
      case 'calm':
        return;
      case 'kill':
        if (!spare) return;
        say(`${host.name}`);
        return this.kill(host, 100 + r * 1_500);
      case 'kill-at':
      case 'freeze-at': {
        if (!spare) return;
        const moment = r < 0.5 ? 'asked' : 'done';
        const left = Math.floor(s * 12);
        say(
          `${host.name}, ${moment === 'asked' ? 'before its' : 'after its'} call ${left + 1} from now is carried out`,
        );
        this.callTrigger = {
          host,
          left,
          moment,
          spring: () => {
            if (host.state !== 'up' || [...world.nodes.values()].filter(h => h.state === 'up').length < 2) return;
            tell(`  fault ${fault.n} springs at ${host.name}`);
            if (fault.kind === 'kill-at') this.kill(host, 100 + q * 1_500);
            else this.freeze(host, q * 2_500);
          },
        };
        return;
      }
      case 'freeze':
        if (!spare) return;
        say(`${host.name} for ${Math.round(r * 3_000)} ms`);
        return this.freeze(host, r * 3_000);
      case 'drain':
        if (!spare) return;
        say(host.name);
        return this.drain(host);
      case 'upgrade': {
        const old =
          owner && p < 0.5 && !this.upgraded.has(owner.name) ? owner : up.find(h => !this.upgraded.has(h.name));
        if (!old || up.length < 2) return;
        say(`${old.name}, ${r < 0.5 ? 'in good order' : 'killed'}`);
        this.upgraded.add(old.name);
        return r < 0.5 ? this.drain(old) : this.kill(old, 50 + s * 500);
      }
      case 'lose-request':
      case 'lose-reply':
      case 'refuse':
      case 'repeat': {
        let left = 1 + Math.floor(q * 3);
        const ops =
          r < 0.5
            ? ['append']
            : r < 0.7
              ? ['claim', 'pass']
              : r < 0.85
                ? ['owner', 'peek', 'release', 'snapshot']
                : ['append', 'claim', 'owner'];
        say(`of ${left} × ${ops.join('/')}`);
        const fate =
          fault.kind === 'repeat'
            ? { repeat: true as const }
            : { lose: ({ 'lose-request': 'request', 'lose-reply': 'reply', refuse: 'refused' } as const)[fault.kind] };
        return this.meddle(1_000, call => (left > 0 && ops.includes(call.op) && (left--, true) ? fate : undefined));
      }
      case 'hang': {
        let left = 1 + Math.floor(q * 2);
        const { opened, open } = latch();
        say(
          `${left} × append/claim ${p < 0.5 ? 'held before' : 'after'} it is carried out, ${Math.round(r * 1_400)} ms`,
        );
        world.clock.after(r * 1_400, open);
        return this.meddle(1_400, call =>
          left > 0 && ['append', 'claim', 'pass'].includes(call.op) && (left--, true)
            ? p < 0.5
              ? { hold: opened }
              : { holdReply: opened }
            : undefined,
        );
      }
      case 'stall': {
        const { opened: opens, open } = latch();
        say(`of the store for ${Math.round(q * 1_400)} ms`);
        world.clock.after(q * 1_400, open);
        this.stalls.push(open);
        return this.meddle(q * 1_400, call => (writes.includes(call.op) || r < 0.5 ? { hold: opens } : undefined));
      }
      case 'silence':
        say(`of ${q < 0.4 ? 'all' : 'two in three'} broadcasts between nodes for ${Math.round(r * 1_500)} ms`);
        world.dropsBroadcast = () => q < 0.4 || world.random() < 0.66;
        return this.later(r * 1_500, () => {
          world.dropsBroadcast = () => false;
        });
      case 'mute':
        say(`half of the messages between nodes are lost for ${Math.round(r * 1_500)} ms`);
        world.dropsMessage = () => world.random() < 0.5;
        return this.later(r * 1_500, () => {
          world.dropsMessage = () => false;
        });
      case 'slow':
      case 'echo':
        say(`for ${Math.round(r * 1_500)} ms`);
        world.copyDelays =
          fault.kind === 'slow'
            ? () => (world.random() < 0.5 ? [0] : [world.random() * 60 * (1 + 10 * q)])
            : () => (world.random() < 0.5 ? [0] : [0, world.random() * 20]);
        return this.later(r * 1_500, () => {
          world.copyDelays = () => [0];
        });
      case 'deafen':
        if (!host) return;
        say(`${host.name} for ${Math.round(r * 800)} ms`);
        return world.dropSubscriptions(host, r * 800);
      case 'cut':
        say(player.name);
        return player.cut();
      case 'unplug':
        say(`${player.name} for ${Math.round(r * 1_500)} ms`);
        return player.unplug(r * 1_500);
      case 'hop':
        say(player.name);
        return player.switchNode();
      case 'restart':
        say(player.name);
        return player.restart();
      case 'tab':
        say(player.name);
        return player.openTab();
      case 'roll-back':
        say(`${1 + Math.floor(q * 4)} writes, in ${Math.round(r * 10)} ms`);
        return this.later(r * 10, () => this.parts.rollBack(1 + Math.floor(q * 4)));
      case 'new-run':
        say('');
        return world.replaceStore();
      case 'step': {
        const by = (r < 0.5 ? 5_000 : 3_600_000) * (s < 0.5 ? -1 : 1) * (0.5 + q / 2);
        if (!host) return;
        say(`of ${host.name}'s wall clock by ${Math.round(by)} ms`);
        world.clockSkews.set(host.name, (world.clockSkews.get(host.name) ?? 0) + by);
        return;
      }
    }
  }

  /** The end of all that is wrong. Nodes that are down come back. */
  clear(names: readonly string[]): void {
    const { world } = this.parts;
    this.callTrigger = null;
    this.storeFaults.length = 0;
    for (const open of this.stalls) open();
    world.dropsBroadcast = world.dropsMessage = () => false;
    world.copyDelays = () => [0];
    for (const name of names) if (this.upgraded.size > 0) this.upgraded.add(name);
    for (const host of [...world.nodes.values()]) {
      if (host.state === 'frozen') world.thaw(host);
      if (host.state === 'up' && host.node.isDraining) world.kill(host);
      if (
        this.upgraded.size > 0 &&
        host.state === 'up' &&
        !host.node.parts.games.every(g => this.parts.games(true).includes(g))
      )
        world.kill(host);
    }
    for (const name of names) if (world.node(name).state === 'dead') this.boot(name);
  }

  private kill(host: TestNode, back: number): void {
    this.parts.world.kill(host);
    this.later(back, () => {
      if (this.parts.world.node(host.name).state === 'dead') this.boot(host.name);
    });
  }

  private boot(name: string): void {
    void this.parts.world.startNode(name, this.parts.games(this.upgraded.has(name))).started;
  }

  private freeze(host: TestNode, ms: number): void {
    this.parts.world.freeze(host);
    this.later(ms, () => {
      if (host.state === 'frozen') this.parts.world.thaw(host);
    });
  }

  private drain(host: TestNode): void {
    void host.node.drain().then(() => {
      if (host.state !== 'up') return;
      for (const link of host.connections) link.sendToClient('moving', []);
    });
    this.later(1_500, () => {
      if (host.state === 'dead') return;
      this.parts.world.kill(host);
      this.boot(host.name);
    });
  }

  private meddle(ms: number, fate: (call: StoreCall) => ReturnType<TestCluster['faultFor']>): void {
    this.storeFaults.push(fate);
    this.later(ms, () => {
      const at = this.storeFaults.indexOf(fate);
      if (at >= 0) this.storeFaults.splice(at, 1);
    });
  }

  private later(ms: number, fn: () => void): void {
    this.parts.world.clock.after(ms, fn);
  }
}
