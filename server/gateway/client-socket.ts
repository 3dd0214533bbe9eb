import { limits } from '../../shared/limits.ts';
import type { OneWayMessageName, RequestName } from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import type { Log } from '../runtime/ports.ts';
import type { ClientRequests } from '../sessions/client-requests.ts';
import type { Connection } from '../sessions/connection.ts';
import { backlogOf, engineSocketOf, sharesConnection, terminateConnection } from './engine-socket.ts';
import type { GameSocket } from './socket-types.ts';

const requestNames: readonly string[] = [
  'create',
  'join',
  'act',
  'place',
  'leave',
  'list',
  'inspect',
] satisfies RequestName[];
const oneWayMessageNames: readonly string[] = ['i', 'input', 'signal'] satisfies OneWayMessageName[];

type Reply = (reply: unknown) => void;

/**
 * The packets of one client. Every handler catches what is thrown, because a throw would end the process and with it
 * all rooms.
 */
export class ClientSocket {
  constructor(
    private readonly socket: GameSocket,
    private readonly connection: Connection,
    private readonly parts: { clientRequests: ClientRequests; log: Log },
  ) {}

  get isConnected(): boolean {
    return this.socket.connected;
  }

  /** Handles an event as Socket.IO passes it: the last argument may be the acknowledgement function. */
  receive(event: unknown, args: unknown[]): void {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as Reply) : null;
    const data = ack && args.length === 1 ? undefined : args[0];
    if (requestNames.includes(event as string)) void this.answer(event as RequestName, data, ack);
    else if (oneWayMessageNames.includes(event as string)) this.handleMessage(event as OneWayMessageName, args[0]);
    else this.countMalformed();
  }

  /**
   * Handles an event of the fast path.
   * @param reply sends the reply; null: the client wants none
   * @returns false if the event has to take Socket.IO's path
   */
  receiveFast(event: string, data: unknown, reply: Reply | null): boolean {
    if (!this.isConnected) return false;
    if (reply === null && oneWayMessageNames.includes(event)) this.handleMessage(event as OneWayMessageName, data);
    else if (reply !== null && requestNames.includes(event)) void this.answer(event as RequestName, data, reply);
    else return false;
    return true;
  }

  private async answer(name: RequestName, data: unknown, reply: Reply | null): Promise<void> {
    const { clientRequests, log } = this.parts;
    try {
      // A client that sends requests but does not read would make replies pile up.
      if (backlogOf(engineSocketOf(this.socket)).size > limits.outboundHardBytes)
        return terminateConnection(engineSocketOf(this.socket));
      const result = await clientRequests.handle(this.connection, name, data);
      if (result === null) this.refuseAndDisconnect();
      else if (reply) {
        reply(result);
        clientRequests.onReplySent(this.connection, name, result);
      }
    } catch (error) {
      log.error({ error, request: name }, 'request failed');
    }
  }

  private handleMessage(name: OneWayMessageName, raw: unknown): void {
    try {
      if (!this.parts.clientRequests.handleMessage(this.connection, name, raw)) this.refuseAndDisconnect();
    } catch (error) {
      this.parts.log.error({ error, message: name }, 'message failed');
    }
  }

  /** Refuses an oversized packet if its sender wants a reply. */
  refuseOversized(bytes: number, reply: Reply | null): void {
    const refusal =
      bytes <= limits.frameBytes ? this.parts.clientRequests.refuseOversized(this.connection, bytes) : null;
    if (!refusal) this.refuseAndDisconnect();
    else reply?.(refusal);
  }

  countMalformed(): void {
    if (!this.parts.clientRequests.countMalformed(this.connection)) this.refuseAndDisconnect();
  }

  refuseAndDisconnect(refusal: Refused = makeRefusal('bad-request', 'too many malformed packets')): void {
    this.socket.emit('refused', refusal);
    const engineSocket = sharesConnection(this.socket) ? null : engineSocketOf(this.socket);
    this.socket.disconnect(engineSocket !== null);
    // a client that ignores this does not disconnect either
    if (engineSocket) setTimeout(() => terminateConnection(engineSocket), 250).unref();
  }

  /** The latest positions of the client's rooms, as the text of an event; null if there are none. */
  roomHeads(): string | null {
    const heads = this.parts.clientRequests.roomHeads(this.connection);
    return heads && JSON.stringify(['h', ...heads]);
  }
}
