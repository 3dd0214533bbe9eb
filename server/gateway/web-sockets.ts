import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The parts of a `ws` WebSocket that are used here. */
export interface RawWebSocket {
  terminate(): void;
  /** Replies to a ping. */
  pong?(): void;
}
type UpgradeCallback = (websocket: RawWebSocket, ...rest: unknown[]) => void;
interface WebSocketServer {
  handleUpgrade(request: IncomingMessage, tcp: Duplex, head: Buffer, done: UpgradeCallback): void;
}
type WebSocketEngine = new (options: object) => WebSocketServer;
/** The parts of an Engine.IO server that are used here. */
export interface UpgradingServer {
  readonly ws?: WebSocketServer;
  readonly opts: { wsEngine?: WebSocketEngine };
}

/**
 * Calls `opened` for each WebSocket before its first frame is read. Engine.IO itself reports a WebSocket only when its
 * session has upgraded. Both the present WebSocket server and later ones are observed, because Engine.IO creates
 * another each time the http server starts to listen.
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
    // A function, because Engine.IO calls it with `new`.
    server.opts.wsEngine = function (options: object) {
      return observe(new Engine(options));
    } as unknown as WebSocketEngine;
  }
  if (server.ws) observe(server.ws);
}
