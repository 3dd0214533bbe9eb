import { WebSocketConnection } from './web-socket-connection.ts';

/**
 * Socket.IO over a WebSocket, as a stock client speaks it (Engine.IO 4: open, connect, ping and pong, events,
 * acknowledgements). Events are handed on as they came: who only counts them need not read them.
 */
export class SocketIoConnection {
  /** An event's packet, `42["name",…]`, and where its JSON begins. */
  onEvent: (packet: Buffer, json: number) => void = () => {};
  private readonly pendingAcks = new Map<number, (answer: unknown) => void>();
  private lastAckId = 0;
  /** What stands before the JSON of an event. */
  private readonly namespacePrefix: string;

  private constructor(
    readonly socket: WebSocketConnection,
    namespace: string,
  ) {
    this.namespacePrefix = namespace === '' ? '' : `${namespace},`;
  }

  /** @throws when the server refuses the connection */
  static async open(
    url: string,
    {
      auth = {},
      headers = {},
      namespace = '',
      onEvent,
    }: {
      auth?: object;
      headers?: Record<string, string>;
      namespace?: string;
      /** From the first one on, which may come with the answer to the handshake. */
      onEvent?: SocketIoConnection['onEvent'];
    } = {},
  ): Promise<SocketIoConnection> {
    const socket = await WebSocketConnection.open(
      `${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`,
      headers,
    );
    const line = new SocketIoConnection(socket, namespace);
    if (onEvent) line.onEvent = onEvent;
    await new Promise<void>((resolve, reject) => {
      socket.onClose = () => reject(new Error(`${url}: closed while connecting`));
      socket.onMessage = data => {
        const text = data.toString();
        if (text[0] === '0') socket.sendText(`40${line.namespacePrefix}${JSON.stringify(auth)}`);
        else if (text.startsWith('44')) reject(new Error(`${url}: ${text}`));
        else if (text.startsWith('40')) {
          socket.onMessage = packet => line.handlePacket(packet);
          resolve();
        }
      };
    });
    socket.onClose = () => {};
    return line;
  }

  emit(name: string, ...args: unknown[]): void {
    this.socket.sendText(`42${this.namespacePrefix}${JSON.stringify([name, ...args])}`);
  }

  /** Asks, and resolves with the acknowledgement. */
  ask(name: string, ...args: unknown[]): Promise<unknown> {
    const id = this.lastAckId++;
    this.socket.sendText(`42${this.namespacePrefix}${id}${JSON.stringify([name, ...args])}`);
    return new Promise(resolve => this.pendingAcks.set(id, resolve));
  }

  private handlePacket(packet: Buffer): void {
    if (packet[0] === 0x32) this.socket.sendText('3'); // ping
    else if (packet[0] !== 0x34) return;
    else if (packet[1] === 0x32) this.onEvent(packet, 2 + this.namespacePrefix.length);
    else if (packet[1] === 0x33) {
      const from = packet.indexOf(0x5b);
      const id = Number(packet.toString('latin1', 2 + this.namespacePrefix.length, from));
      const answered = this.pendingAcks.get(id);
      this.pendingAcks.delete(id);
      answered?.((JSON.parse(packet.toString('utf8', from)) as unknown[])[0]);
    }
  }
}

/** The name of an event, without reading the rest of it. */
export const nameOf = (packet: Buffer, json: number): string =>
  packet.toString('latin1', json + 2, packet.indexOf(0x22, json + 2));
/** All that an event says: its name first. */
export const readEvent = (packet: Buffer, json: number): unknown[] =>
  JSON.parse(packet.toString('utf8', json)) as unknown[];
