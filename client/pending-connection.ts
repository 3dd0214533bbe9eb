import type { Handshake, RequestName, Requests, OneWayMessageName, OneWayMessages } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import type { TransportConnection } from './ports.ts';

/** A connection that opens when its handshake is known: the app's token function or storage may be asynchronous. */
export class PendingConnection implements TransportConnection {
  private connection: TransportConnection | null = null;
  private isClosed = false;

  constructor(
    handshake: Promise<Handshake>,
    open: (handshake: Handshake) => TransportConnection,
    failed: (error: unknown) => void,
  ) {
    handshake.then(
      known => {
        if (!this.isClosed) this.connection = open(known);
      },
      (error: unknown) => {
        if (!this.isClosed) failed(error);
      },
    );
  }

  get isWaiting(): boolean {
    return this.connection === null;
  }

  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused> {
    return this.connection ? this.connection.request(name, body, patience) : Promise.reject(new Error('not connected'));
  }

  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): void {
    this.connection?.send(name, body);
  }

  close(): void {
    this.isClosed = true;
    this.connection?.close();
  }
}
