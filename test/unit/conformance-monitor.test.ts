import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Monitor } from '../../conformance/harness/monitor.ts';
import type { Wire } from '../../conformance/harness/client-proxy.ts';
import { ackText, eventText, readPacket } from '../../conformance/harness/packets.ts';

/** A client's packets at times that the test chooses. */
class Recording {
  readonly monitor = new Monitor();
  private at = 1_000;
  private wire = { number: 1 } as Wire;

  reconnect(): void {
    this.wire = { number: this.wire.number + 1 } as Wire;
  }
  private pass(way: 'up' | 'down', text: string, request: { name: string; body: unknown } | null = null): void {
    this.at += 1;
    this.monitor.follow({ way, packet: readPacket(text), request, wire: this.wire, at: this.at });
  }
  connect(token?: string): void {
    this.pass('up', `40${JSON.stringify({ wire: 2, ...(token ? { token } : {}) })}`);
  }
  receive(name: string, ...args: unknown[]): void {
    this.pass('down', eventText(name, args));
  }
  join(): void {
    const body = { room: 'r', session: 's' };
    this.pass('up', eventText('join', [body], '1'));
    this.pass('down', ackText('1', { ok: true, session: 's', term: 3, base: 0, verdicts: [], place: [3, 1] }), {
      name: 'join',
      body,
    });
  }
  act(n: number): void {
    this.pass('up', eventText('act', [{ room: 'r', name: 'add', data: {}, n, term: 3 }], String(n + 1)));
  }
}

const withoutToken = /did not carry the token of the last "welcome"/;

describe('the monitor of the conformance runner', () => {
  it('[W4] notices a missing token however soon the client connects again, once it has proven that it has one', () => {
    const client = new Recording();
    client.connect();
    client.receive('welcome', { player: 'p', token: 'first' });
    client.join();
    client.act(1);
    client.reconnect();
    client.connect();
    assert.match(client.monitor.violations.join('\n'), withoutToken);
  });

  it('[W4] allows a handshake that was sent while the token was on its way', () => {
    const client = new Recording();
    client.connect();
    client.receive('welcome', { player: 'p', token: 'first' });
    client.join();
    client.act(1);
    client.receive('token', 'second');
    client.act(2);
    client.reconnect();
    client.connect('first');
    assert.deepEqual(client.monitor.violations, []);
  });
});
