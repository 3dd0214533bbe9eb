import { WebSocketLine } from './web-socket.ts';

/**
 * Socket.IO over a WebSocket, as a stock client speaks it (Engine.IO 4: open, connect, ping and pong, events, acknowledgements).
 * Events are handed on as they came: who only counts them need not read them.
 */
export class SocketIoLine {
  /** An event's packet, `42["name",…]`, and where its JSON begins. */
  onEvent: (packet: Buffer, json: number) => void = () => {};
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private asked = 0;
  /** What stands before the JSON of an event. */
  private readonly head: string;

  private constructor(readonly socket: WebSocketLine, namespace: string) { this.head = namespace === '' ? '' : `${namespace},`; }

  /** @throws when the server refuses the connection */
  static async open(url: string, { auth = {}, headers = {}, namespace = '', onEvent }: { auth?: object; headers?: Record<string, string>; namespace?: string; /** From the first one on, which may come with the answer to the handshake. */ onEvent?: SocketIoLine['onEvent'] } = {}): Promise<SocketIoLine> {
    const socket = await WebSocketLine.open(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, headers);
    const line = new SocketIoLine(socket, namespace);
    if (onEvent) line.onEvent = onEvent;
    await new Promise<void>((resolve, reject) => {
      socket.onClose = () => reject(new Error(`${url}: closed while connecting`));
      socket.onMessage = data => {
        const text = data.toString();
        if (text[0] === '0') socket.sendText(`40${line.head}${JSON.stringify(auth)}`);
        else if (text.startsWith('44')) reject(new Error(`${url}: ${text}`));
        else if (text.startsWith('40')) {
          socket.onMessage = packet => line.take(packet);
          resolve();
        }
      };
    });
    socket.onClose = () => {};
    return line;
  }

  emit(name: string, ...args: unknown[]): void { this.socket.sendText(`42${this.head}${JSON.stringify([name, ...args])}`); }

  /** Asks, and resolves with the acknowledgement. */
  ask(name: string, ...args: unknown[]): Promise<unknown> {
    const id = this.asked++;
    this.socket.sendText(`42${this.head}${id}${JSON.stringify([name, ...args])}`);
    return new Promise(resolve => this.waiting.set(id, resolve));
  }

  private take(packet: Buffer): void {
    if (packet[0] === 0x32) this.socket.sendText('3'); // ping
    else if (packet[0] !== 0x34) return;
    else if (packet[1] === 0x32) this.onEvent(packet, 2 + this.head.length);
    else if (packet[1] === 0x33) {
      const from = packet.indexOf(0x5b);
      const id = Number(packet.toString('latin1', 2 + this.head.length, from));
      const answered = this.waiting.get(id);
      this.waiting.delete(id);
      answered?.((JSON.parse(packet.toString('utf8', from)) as unknown[])[0]);
    }
  }
}

/** The name of an event, without reading the rest of it. */
export const nameOf = (packet: Buffer, json: number): string => packet.toString('latin1', json + 2, packet.indexOf(0x22, json + 2));
/** All that an event says: its name first. */
export const readEvent = (packet: Buffer, json: number): unknown[] => JSON.parse(packet.toString('utf8', json)) as unknown[];
