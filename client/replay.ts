import { apply, copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import type { ReplayReply, RoomView, WireEvent } from '../shared/protocol.ts';
import { isRefusalCode, makeRefusal, type Refused } from '../shared/refusals.ts';
import type { ClientClock } from './ports.ts';

/** Timeout of a request for a recording, ms. */
const fetchTimeoutMs = 20_000;

/**
 * Fetches a recording. Never rejects: anything that is not a node's answer (none, or a proxy's page) becomes
 * `unavailable`.
 */
export async function fetchReplay(
  url: string,
  { stop, clock, cookies }: { stop: AbortController; clock: ClientClock; cookies: boolean },
): Promise<ReplayReply | Refused> {
  const cancel = clock.after(fetchTimeoutMs, () => stop.abort());
  try {
    const reply = (await (
      await fetch(url, { signal: stop.signal, ...(cookies ? { credentials: 'include' } : {}) })
    ).json()) as ReplayReply | Refused;
    return reply.ok || isRefusalCode(reply.code) ? reply : makeRefusal('unavailable');
  } catch {
    return makeRefusal('unavailable');
  } finally {
    cancel();
  }
}

/**
 * A recorded match, read forward. To move in both directions, or to show it as a room, use `replayRoom` of
 * `rejoin/replay`.
 */
export class Replay {
  private view: RoomView | undefined;
  /** Number of frames applied to `view`. */
  private appliedFrames = 0;

  constructor(readonly data: ReplayReply) {}

  /** Duration of the match, ms. */
  get duration(): number {
    return this.moments.at(-1) ?? 0;
  }
  /** Times (ms from the start) at which something happened. */
  get moments(): number[] {
    return this.data.frames.map(([at]) => at);
  }

  /**
   * The view of all members at a time. The next call may change the object: copy what you keep.
   * @example
   * ```ts
   * const replay = await client.replay(room.id, 1)
   * for (const moment of replay.moments) draw(replay.at(moment).state)
   * ```
   */
  at(ms: number): RoomView {
    const { frames, view } = this.data;
    if (!this.view || (frames[this.appliedFrames - 1]?.[0] as number) > ms) {
      this.view = copy(view);
      this.appliedFrames = 0;
    }
    for (let frame; (frame = frames[this.appliedFrames]) && frame[0] <= ms; this.appliedFrames++)
      apply(this.view as unknown as Json, frame[1]);
    return this.view;
  }

  /**
   * The events after `from` and up to `to`, ms.
   * @example
   * ```ts
   * const replay = await client.replay(room.id, 1)
   * for (const [name, data] of replay.events(0, replay.duration)) console.log(name, data)
   * ```
   */
  events(from: number, to: number): WireEvent[] {
    return this.data.frames.flatMap(([at, , events]) => (at > from && at <= to && events) || []);
  }
}

/**
 * Base url of a server's HTTP routes: its path, next to its namespace. Accepts the urls that Socket.IO accepts: `ws:`,
 * a host alone, a query.
 */
export function routesUrl(url: string, path = ''): string {
  const base = typeof location === 'undefined' ? undefined : location.href;
  const { protocol, host, pathname } = new URL(base && !/^(\w+:)?\//.test(url) ? `//${url}` : url, base);
  return `${protocol.replace('ws', 'http')}//${host}${path.replace(/\/$/, '')}${pathname}`;
}
