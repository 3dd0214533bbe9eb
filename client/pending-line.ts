import type { Handshake, RequestName, Requests, SayingName, Sayings } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import type { Line } from './ports.ts';

/** A connection that is opened as soon as its handshake is known, which takes a token function or a storage its time. */
export class PendingLine implements Line {
  private line: Line | null = null;
  private isClosed = false;

  constructor(handshake: Promise<Handshake>, open: (handshake: Handshake) => Line, failed: (error: unknown) => void) {
    handshake.then(
      known => { if (!this.isClosed) this.line = open(known); },
      (error: unknown) => { if (!this.isClosed) failed(error); },
    );
  }

  get isWaiting(): boolean { return this.line === null; }

  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused> {
    return this.line ? this.line.request(name, body, patience) : Promise.reject(new Error('not connected'));
  }

  say<K extends SayingName>(name: K, body: Sayings[K]): void { this.line?.say(name, body); }

  close(): void {
    this.isClosed = true;
    this.line?.close();
  }
}
