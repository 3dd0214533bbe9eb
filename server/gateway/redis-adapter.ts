import { createAdapter } from '@socket.io/redis-adapter';
import type { Log, Meter } from '../ports.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { RedisKeys } from '../store/redis-keys.ts';
import type { Gateway } from './gateway.ts';

type Listener = (...args: unknown[]) => unknown;

/**
 * The broadcast path between nodes: Socket.IO's Redis adapter.
 *
 * The adapter drops the promise of each publish; one that fails would end the process, on all nodes at once. So the
 * clients it gets are guarded: what cannot be sent now is counted and forgotten, for the journal is the truth, and a
 * broadcast that comes late is worse than one that does not come.
 */
export class RedisAdapter {
  private readonly keys: RedisKeys;

  constructor(private readonly wire: { pub: RedisClient; sub: RedisClient }, private readonly options: { prefix: string; log: Log; meter: Meter }) { this.keys = new RedisKeys(options.prefix); }

  /** `resync` is called when broadcasts may have been missed: the subscription was away for a while. */
  async attach(gateway: Gateway, resync: () => void): Promise<void> {
    await gateway.adapt(createAdapter(guardedPublisher(this.wire.pub, this.options.meter), guardedSubscriber(this.wire.sub, this.options.log), { key: this.keys.adapter, publishOnSpecificResponseChannel: true }));
    let wasAway = false;
    this.wire.sub.on('reconnecting', () => { wasAway = true; });
    this.wire.sub.on('ready', () => {
      if (wasAway) resync();
      wasAway = false;
    });
  }
}

function guardedPublisher(client: RedisClient, meter: Meter): RedisClient {
  const lost = () => {
    meter.count('droppedPublishes');
    return 0;
  };
  return new Proxy(client, {
    get(target, name) {
      if (name === 'publish') return (channel: string, message: string) => (target.isReady ? target.publish(channel, message).catch(lost) : Promise.resolve(lost()));
      return bound(target, name);
    },
  });
}

function guardedSubscriber(client: RedisClient, log: Log): RedisClient {
  const listeners = new WeakMap<Listener, Listener>();
  const guarded = new Set(['subscribe', 'pSubscribe', 'unsubscribe', 'pUnsubscribe']);
  return new Proxy(client, {
    get(target, name) {
      const member = bound(target, name);
      if (typeof name !== 'string' || !guarded.has(name)) return member;
      // What the adapter cannot read it throws at whoever reads for it, which would end the process.
      return (...given: unknown[]) => {
        const args = given.map(arg => (typeof arg === 'function' ? heard(arg as Listener) : arg));
        return (member as (...a: unknown[]) => Promise<unknown>)(...args).catch((error: unknown) => log.debug({ error, call: name }, 'the broadcast path was not changed'));
      };
    },
  });

  /** One and the same for the same listener: it is taken off by what it was put on with. */
  function heard(listener: Listener): Listener {
    const known = listeners.get(listener);
    if (known) return known;
    const guardedListener = (...args: unknown[]) => {
      try {
        const result = listener(...args);
        if (result instanceof Promise) result.catch(dropped);
      } catch (error) {
        dropped(error);
      }
    };
    listeners.set(listener, guardedListener);
    return guardedListener;
  }
  function dropped(error: unknown): void { log.warn({ error }, 'a broadcast that is no node\'s was dropped'); }
}

function bound(target: RedisClient, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member;
}
