import { createAdapter } from '@socket.io/redis-adapter';
import type { Log, Meter } from '../runtime/ports.ts';
import { RedisKeys } from '../store/redis-keys.ts';
import type { RedisConnection } from '../store/redis-connection.ts';
import type { MessageListener, RedisSubscriptions } from '../store/redis-subscriptions.ts';
import type { Gateway } from './gateway.ts';

/**
 * Broadcasts between nodes through Socket.IO's Redis adapter.
 * The adapter ignores the promise of each publish, and a rejection would end the process, on all nodes at once. So it
 * gets guarded clients: a failed publish is counted and dropped. Clients repair the gap from the journal; a late
 * broadcast would be worse.
 */
export class RedisAdapter {
  private readonly keys: RedisKeys;

  constructor(
    private readonly pubSub: { pub: RedisConnection; sub: RedisConnection; subscriptions: RedisSubscriptions },
    private readonly options: { prefix: string; log: Log; meter: Meter },
  ) {
    this.keys = new RedisKeys(options.prefix);
  }

  /** `resync` is called after the subscription was interrupted, when broadcasts may have been missed. */
  async attach(gateway: Gateway, resync: () => void): Promise<void> {
    await gateway.useAdapter(
      createAdapter(
        createPublisher(this.pubSub.pub, this.options.meter),
        createSubscriber(this.pubSub.subscriptions, this.options.log),
        { key: this.keys.adapter, publishOnSpecificResponseChannel: true },
      ),
    );
    let wasAway = false;
    this.pubSub.sub.onDown(() => {
      wasAway = true;
    });
    this.pubSub.sub.onReady(() => {
      if (wasAway) resync();
      wasAway = false;
    });
  }
}

/** The publishing client, as far as the adapter uses it. The adapter recognizes the library by `pSubscribe`. */
function createPublisher(connection: RedisConnection, meter: Meter): object {
  const countDropped = () => {
    meter.count('droppedPublishes');
    return 0;
  };
  return {
    ...noErrorEvents,
    pSubscribe: () => Promise.reject(new Error('this connection only publishes')),
    sSubscribe: () => Promise.reject(new Error('this connection only publishes')),
    publish: (channel: string, message: string) =>
      connection.isReady
        ? connection.client.publish(channel, message).catch(countDropped)
        : Promise.resolve(countDropped()),
    sendCommand: async (args: string[]) => connection.client.sendCommand(args),
  };
}

/** The subscribing client, as far as the adapter uses it. The adapter always asks for buffers. */
function createSubscriber(subscriptions: RedisSubscriptions, log: Log): object {
  const logFailure = (call: string, work: Promise<unknown>) =>
    work.catch((error: unknown) => log.debug({ error, call }, 'broadcast subscription failed'));
  const asList = (channels: string | string[]) => [channels].flat();
  const listeners = new WeakMap<MessageListener<Buffer>, MessageListener<Buffer>>();
  const logDropped = (error: unknown) => log.warn({ error }, 'foreign broadcast dropped');
  /**
   * Catches what the adapter throws on messages that it cannot parse, which would end the process. Returns the same
   * function for the same listener, because unsubscribing needs it.
   */
  const guardListener = (on: MessageListener<Buffer>): MessageListener<Buffer> => {
    const known = listeners.get(on);
    if (known) return known;
    const listener: MessageListener<Buffer> = (...args) => {
      try {
        const result: unknown = on(...args);
        if (result instanceof Promise) result.catch(logDropped);
      } catch (error) {
        logDropped(error);
      }
    };
    listeners.set(on, listener);
    return listener;
  };
  return {
    ...noErrorEvents,
    subscribe: (channels: string | string[], on: MessageListener<Buffer>) =>
      logFailure(
        'subscribe',
        Promise.all(asList(channels).map(channel => subscriptions.addBytes(channel, guardListener(on)))),
      ),
    pSubscribe: (pattern: string, on: MessageListener<Buffer>) =>
      logFailure('pSubscribe', subscriptions.addPattern(pattern, guardListener(on))),
    unsubscribe: (channels: string | string[], on: MessageListener<Buffer>) =>
      logFailure(
        'unsubscribe',
        Promise.all(asList(channels).map(channel => subscriptions.remove(channel, guardListener(on)))),
      ),
    pUnsubscribe: (pattern: string, on: MessageListener<Buffer>) =>
      logFailure('pUnsubscribe', subscriptions.remove(pattern, guardListener(on))),
  };
}

/** The adapter registers for error events; the connections handle errors themselves. */
const noErrorEvents = { on: () => {}, off: () => {} };
