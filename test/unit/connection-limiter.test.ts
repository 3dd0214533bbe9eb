import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, it } from 'mocha';
import { ConnectionLimiter } from '../../server/gateway/connection-limiter.ts';
import type { EngineSocket } from '../../server/gateway/engine-socket.ts';
import { createAddressReader, forwardedLoopback, networkOf } from '../../server/identity/address.ts';
import { noMeter } from '../../server/ops/metrics.ts';
import { Allowances } from '../../server/sessions/allowances.ts';
import { limits } from '../../shared/limits.ts';
import { ManualClock } from './manual-ports.ts';

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('where somebody comes from', () => {
  it('[W8] is what a trusted proxy says, and never what the client wrote', () => {
    const read = createAddressReader('loopback, 10.0.0.0/8');
    assert.equal(read(from('203.0.113.9', '1.2.3.4')), '203.0.113.9');
    assert.equal(read(from('127.0.0.1', '203.0.113.9')), '203.0.113.9');
    assert.equal(read(from('::ffff:10.0.0.7', '1.2.3.4, 203.0.113.9, 10.0.0.8')), '203.0.113.9');
    assert.equal(read(from('127.0.0.1', 'nonsense, 203.0.113.9')), '203.0.113.9');
    assert.equal(createAddressReader(undefined)(from('198.51.100.4', '1.2.3.4')), '198.51.100.4');
  });

  it('[W18] is found in front of the first hop that is no address, whatever stands behind it', () => {
    const read = createAddressReader('loopback, 10.0.0.0/8');
    for (const [forwarded, expected] of [
      ['203.0.113.5:4711', '203.0.113.5'],
      ['[2001:db8:1:2::1]:4711', '2001:db8:1:2::/64'],
      ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
      ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
      ['1.2.3.4, 203.0.113.5:4711, 10.0.0.8', '203.0.113.5'],
      ['1.2.3.4, unknown', '10.0.0.7'],
      ['1.2.3.4, unknown, 10.0.0.8', '10.0.0.8'],
      ['1.2.3.4, _hidden', '10.0.0.7'],
      ['1.2.3.4,', '10.0.0.7'],
      ['1.2.3.4, 203.0.113.5:port', '10.0.0.7'],
      ['1.2.3.4, "203.0.113.5"', '10.0.0.7'],
      ['1.2.3.4, 203.0.113.555', '10.0.0.7'],
      ['1.2.3.4, [203.0.113.5', '10.0.0.7'],
    ] as const)
      assert.equal(read(from('10.0.0.7', forwarded)), expected, forwarded);
  });

  it('[W18] is never nowhere for what a proxy forwards: a client that writes this machine, or nonsense, is counted', () => {
    const read = createAddressReader('loopback');
    for (const forwarded of [
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '127.0.0.1:80',
      'unknown',
      '127.0.0.1, unknown',
    ])
      assert.equal(read(from('127.0.0.1', forwarded)), forwardedLoopback, forwarded);
    for (const forwarded of [undefined, '']) assert.equal(read(from('127.0.0.1', forwarded)), null);
  });

  it('[W18] goes by the number of proxies, and is refused where everybody would be believed', () => {
    assert.equal(createAddressReader('1')(from('10.0.0.7', '1.2.3.4, 203.0.113.5')), '203.0.113.5');
    assert.throws(() => createAddressReader('true'), TypeError);
    assert.throws(() => createAddressReader('nonsense'), TypeError);
  });

  it('[W8] is nowhere for this machine itself: a proxy on it that nobody told us of would be everybody', () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', ''])
      assert.equal(createAddressReader(undefined)(from(address, '1.2.3.4')), null);
  });

  it('[W8] is a network of IPv6, not one of its countless addresses', () => {
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(networkOf('2001:0db8:0001:0002::9'), '2001:db8:1:2::/64');
    assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(networkOf('nobody'), null);
    assert.equal(networkOf('::ffff:cb00:7105'), '203.0.113.5', 'IPv4, written in hex');
    assert.equal(networkOf('64:ff9b::203.0.113.5'), '64:ff9b:0:0::/64');
    assert.equal(networkOf('0:0:0:0:0:0:0:1'), null);
  });
});

describe('the door', () => {
  const door = () => {
    const clock = new ManualClock();
    const allowances = new Allowances();
    return {
      clock,
      keeper: new ConnectionLimiter({
        addressOf: request => request.socket.remoteAddress ?? null,
        allowances,
        clock,
        meter: noMeter,
        namespace: '/',
      }),
    };
  };
  const knocks = (keeper: ConnectionLimiter, from: string | null, times: number) =>
    Array.from({ length: times }, () => keeper.takeHandshake(from)).filter(wait => wait === 0).length;

  it('[W8] lets a school come in at once, and then so many a second', () => {
    const { clock, keeper } = door();
    const { burst, perSecond } = limits.address.handshakes;
    assert.equal(knocks(keeper, '203.0.113.9', burst + 500), burst);
    assert.equal(knocks(keeper, '203.0.113.10', 10), 10, 'others do not notice');
    clock.time += 1_000;
    assert.equal(knocks(keeper, '203.0.113.9', 500), perSecond);
  });

  it('[W8] makes so many guests for one address, and lets so many lines stand', () => {
    const { keeper } = door();
    const request = from('203.0.113.9');
    assert.equal(
      Array.from({ length: limits.address.guests.burst + 100 }, () =>
        keeper.takeGuest({ request } as EngineSocket),
      ).filter(wait => wait === 0).length,
      limits.address.guests.burst,
    );
    const lines = Array.from({ length: limits.address.connections }, () =>
      Object.assign(new EventEmitter(), { request, transport: {}, writeBuffer: [], write: () => {}, close: () => {} }),
    );
    for (const line of lines) keeper.limitPackets(line as unknown as EngineSocket);
    assert.ok(keeper.takeHandshake('203.0.113.9') > 0);
    lines[0]!.emit('close');
    assert.equal(keeper.takeHandshake('203.0.113.9'), 0);
  });

  it('[W17] closes a connection that sends its frames byte by byte, and not one that sends large ones in pieces', () => {
    const { keeper } = door();
    const { burst } = limits.packets;
    const sending = (piece: Buffer, count: number) => {
      let cut = 0;
      const tcp = new EventEmitter();
      keeper.limitFrames(
        {
          terminate: () => {
            cut += 1;
          },
        },
        tcp as unknown as Duplex,
      );
      tcp.emit('data', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])); // a frame of 65,536 bytes
      for (let i = 0; i < count; i++) tcp.emit('data', piece);
      return cut;
    };
    assert.equal(sending(Buffer.alloc(1), burst + 10), 1);
    assert.equal(sending(Buffer.alloc(1), burst - 10), 0);
    assert.equal(sending(Buffer.alloc(1_400), 40), 0);
  });

  it('[W8] who has no address is not counted by one', () => {
    const { keeper } = door();
    const nobody = new ConnectionLimiter({
      addressOf: () => null,
      allowances: new Allowances(),
      clock: new ManualClock(),
      meter: noMeter,
      namespace: '/',
    });
    assert.equal(knocks(nobody, nobody.addressOf({ request: from('127.0.0.1') } as EngineSocket), 5_000), 5_000);
    assert.ok(keeper);
  });
});
