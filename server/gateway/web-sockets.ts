import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A WebSocket of `ws`, as far as it is used here. */
export interface RawWebSocket {
  terminate(): void;
  /** Answers a ping. */
  pong?(): void;
}
type UpgradeCallback = (websocket: RawWebSocket, ...rest: unknown[]) => void;
interface WebSocketServer {
  handleUpgrade(request: IncomingMessage, tcp: Duplex, head: Buffer, done: UpgradeCallback): void;
}
type WebSocketEngine = new (options: object) => WebSocketServer;
/** An Engine.IO server, as far as it is used here. */
export interface UpgradingServer {
  readonly ws?: WebSocketServer;
  readonly opts: { wsEngine?: WebSocketEngine };
}

/**
 * Calls `opened` for each WebSocket before its first frame is read. Engine.IO reports a WebSocket only once its session
 * has moved to it. Engine.IO makes another WebSocket server each time the http server begins to listen, so both are
 * observed.
 */
export function observeWebSockets(
  server: UpgradingServer,
  opened: (websocket: RawWebSocket, tcp: Duplex) => void,
): void {
  const observe = (webSocketServer: WebSocketServer): WebSocketServer => {
    const handleUpgrade = webSocketServer.handleUpgrade.bind(webSocketServer);
    webSocketServer.handleUpgrade = (request, tcp, head, done) => {
      handleUpgrade(request, tcp, head, (websocket, ...rest) => {
        opened(websocket, tcp);
        done(websocket, ...rest);
      });
    };
    return webSocketServer;
  };
  const Engine = server.opts.wsEngine;
  if (Engine) {
    // A function, since Engine.IO calls it with `new`.
    server.opts.wsEngine = function (options: object) {
      return observe(new Engine(options));
    } as unknown as WebSocketEngine;
  }
  if (server.ws) observe(server.ws);
}
