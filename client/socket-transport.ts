import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';
import type { InputRequest, JoinReply, HeartbeatReply, RequestName, Requests } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import { busyOf, problemOf, type ConnectProblem } from './connect-problem.ts';
import { checkAuth } from './outgoing-checks.ts';
import type { TransportConnection, Transport } from './ports.ts';
import { ShortForms } from './short-forms.ts';

/** Options of a Socket.IO transport. */
export interface SocketTransportOptions {
  /** Tried in this order. The second is the fallback if WebSockets are blocked. */
  transports?: ('websocket' | 'polling')[];
  /** The path under which the server is hosted: `/game`. Default: none. */
  path?: string;
  /** Further options of socket.io-client: withCredentials, extraHeaders, agent … */
  socket?: Partial<ManagerOptions & SocketOptions>;
}

/** If an accepted connection receives no welcome within this time (ms), it reached another Socket.IO server. */
const welcomeTimeoutMs = 5_000;

/**
 * Opens connections over Socket.IO: WebSocket first, long-polling as the fallback.
 * @example
 * ```ts
 * // the default transport of `connect`, wrapped
 * const over = socketTransport(url, { transports: ['websocket'] })
 * let connections = 0
 * const client = connect(url, { transport: { open: (...args) => { connections += 1; return over.open(...args) } } })
 * ```
 */
export function socketTransport(url: string, options: SocketTransportOptions = {}): Transport {
  return {
    open(handshake, route, events, isHedge = false): TransportConnection {
      const allowed = options.transports ?? ['websocket', 'polling'];
      // Browsers open one WebSocket per host at a time. If another one hangs, only polling gets through. The connection
      // upgrades to a WebSocket after the other was closed.
      const pollFirst = isHedge && allowed.includes('polling') && allowed.includes('websocket');
      const transports = pollFirst ? ['polling', 'websocket'] : allowed;
      const socket = io(url, {
        ...(options.path === undefined ? {} : { path: `${options.path.replace(/\/$/, '')}/socket.io` }),
        ...options.socket,
        transports,
        tryAllTransports: transports.length > 1,
        upgrade: pollFirst,
        forceNew: true,
        reconnection: false,
        timeout: 8_000,
        auth: done =>
          authOf(options.socket?.auth, handshake, auth => {
            const checked = checkAuth(auth);
            if (checked.ok) done(checked.value as object);
            else end(checked);
          }),
        query: { ...options.socket?.query, ...(typeof route === 'string' ? { route } : route) },
      });
      let isClosed = false;
      let noWelcome: ReturnType<typeof setTimeout> | undefined;
      const end = (refusal: Refused | null, problem?: ConnectProblem) => {
        if (isClosed) return;
        isClosed = true;
        clearTimeout(noWelcome);
        rejectAll();
        socket.close();
        events.closed(refusal, problem);
      };
      const waiting = new Set<() => void>();
      const rejectAll = () => {
        for (const reject of waiting) reject();
      };
      let refusal: Refused | null = null;
      const short = new ShortForms();
      socket.onAny((name: string, ...args: unknown[]) => {
        events.received();
        if (name === 'refused') refusal = args[0] as Refused;
        if (name === 'welcome') clearTimeout(noWelcome);
        const full = short.expandEvent(name, args);
        if (full) (events.event as (name: string, ...args: unknown[]) => void)(...full);
      });
      socket.io.on('ping', () => events.received());
      socket.on('connect', () => {
        noWelcome = setTimeout(() => end(null, 'wrong-namespace'), welcomeTimeoutMs);
      });
      socket.on('connect_error', (error: Error & { data?: Refused }) => {
        const refusal = error.data?.code ? error.data : busyOf(error);
        if (refusal) end(refusal);
        else end(null, problemOf(error));
      });
      socket.on('disconnect', () => end(refusal));
      return {
        request: <K extends RequestName>(name: K, body: Requests[K][0], patience: number) =>
          new Promise<Requests[K][1] | Refused>((resolve, reject) => {
            if (isClosed) return reject(new Error('the connection is closed'));
            const fail = () => {
              settle();
              reject(new Error('no answer'));
            };
            const timer = setTimeout(fail, patience);
            const settle = () => {
              clearTimeout(timer);
              waiting.delete(fail);
            };
            waiting.add(fail);
            (socket.emit as (name: string, ...args: unknown[]) => void)(name, body, (reply: Requests[K][1]) => {
              if (!waiting.has(fail)) return;
              settle();
              if (name === 'join') short.recordJoin(reply as JoinReply);
              if (name === 'place') short.expandHeartbeat(reply as HeartbeatReply);
              events.received();
              resolve(reply);
            });
          }),
        send(name, body) {
          if (isClosed) return;
          const input = name === 'input' ? short.shortenInput(body as InputRequest) : null;
          (socket.emit as (name: string, body: unknown) => void)(input ? 'i' : name, input ?? body);
        },
        close: () => {
          isClosed = true;
          clearTimeout(noWelcome);
          rejectAll();
          socket.close();
        },
      };
    },
  };
}

type Auth = NonNullable<SocketOptions['auth']>;
/** The app's `auth` for Socket.IO, overridden by the SDK's fields. */
function authOf(own: Auth | undefined, handshake: object, done: (auth: object) => void): void {
  if (typeof own === 'function') own(auth => done({ ...auth, ...handshake }));
  else done({ ...own, ...handshake });
}
