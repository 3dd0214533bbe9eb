import { createAdapter } from '@socket.io/redis-adapter';
import type { Log, Meter } from '../ports.ts';
import { RedisKeys } from '../store/redis-keys.ts';
import type { RedisLine } from '../store/redis-line.ts';
import type { Heard, Subscriptions } from '../store/redis-subscriptions.ts';
import type { Gateway } from './gateway.ts';

/**
 * The broadcast path between nodes: Socket.IO's Redis adapter.
 *
 * The adapter drops the promise of each publish; one that fails would end the process, on all nodes at once. So the
 * clients it gets are guarded: what cannot be sent now is counted and forgotten, for the journal is the truth, and a
 * broadcast that comes late is worse than one that does not come.
 */
export class RedisAdapter {
  private readonly keys: RedisKeys;

  constructor(private readonly wire: { pub: RedisLine; sub: RedisLine; heard: Subscriptions }, private readonly options: { prefix: string; log: Log; meter: Meter }) { this.keys = new RedisKeys(options.prefix); }

  /** `resync` is called when broadcasts may have been missed: the subscription was away for a while. */
  async attach(gateway: Gateway, resync: () => void): Promise<void> {
    await gateway.adapt(createAdapter(publisher(this.wire.pub, this.options.meter), subscriber(this.wire.heard, this.options.log), { key: this.keys.adapter, publishOnSpecificResponseChannel: true }));
    let wasAway = false;
    this.wire.sub.onDown(() => { wasAway = true; });
    this.wire.sub.onReady(() => {
      if (wasAway) resync();
      wasAway = false;
    });
  }
}

/** What the adapter does with the client that it publishes by. That it has `pSubscribe` tells it which library this is. */
function publisher(line: RedisLine, meter: Meter): object {
  const lost = () => {
    meter.count('droppedPublishes');
    return 0;
  };
  return {
    ...deaf,
    pSubscribe: () => Promise.reject(new Error('this connection publishes')),
    sSubscribe: () => Promise.reject(new Error('this connection publishes')),
    publish: (channel: string, message: string) => (line.isReady ? line.client.publish(channel, message).catch(lost) : Promise.resolve(lost())),
    sendCommand: async (words: string[]) => line.client.sendCommand(words),
  };
}

/** What the adapter does with the client that it listens by. It asks for bytes, always. */
function subscriber(heard: Subscriptions, log: Log): object {
  const guarded = (call: string, work: Promise<unknown>) => work.catch((error: unknown) => log.debug({ error, call }, 'the broadcast path was not changed'));
  const each = (channels: string | string[]) => [channels].flat();
  const listeners = new WeakMap<Heard<Buffer>, Heard<Buffer>>();
  const dropped = (error: unknown) => log.warn({ error }, 'a broadcast that is no node\'s was dropped');
  /** What the adapter cannot read it throws at whoever reads for it, which would end the process. One and the same for the same listener: it is taken off by what it was put on with. */
  const safe = (on: Heard<Buffer>): Heard<Buffer> => {
    const known = listeners.get(on);
    if (known) return known;
    const listener: Heard<Buffer> = (...said) => {
      try {
        const result: unknown = on(...said);
        if (result instanceof Promise) result.catch(dropped);
      } catch (error) {
        dropped(error);
      }
    };
    listeners.set(on, listener);
    return listener;
  };
  return {
    ...deaf,
    subscribe: (channels: string | string[], on: Heard<Buffer>) => guarded('subscribe', Promise.all(each(channels).map(channel => heard.addBytes(channel, safe(on))))),
    pSubscribe: (pattern: string, on: Heard<Buffer>) => guarded('pSubscribe', heard.addPattern(pattern, safe(on))),
    unsubscribe: (channels: string | string[], on: Heard<Buffer>) => guarded('unsubscribe', Promise.all(each(channels).map(channel => heard.remove(channel, safe(on))))),
    pUnsubscribe: (pattern: string, on: Heard<Buffer>) => guarded('pUnsubscribe', heard.remove(pattern, safe(on))),
  };
}

/** The adapter wants to hear of errors. There are none to hear of: the lines beneath see to them. */
const deaf = { on: () => {}, off: () => {} };
