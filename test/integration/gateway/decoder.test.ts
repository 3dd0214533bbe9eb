import assert from 'node:assert/strict';
import { Decoder as SocketIoDecoder, Encoder, PacketType, type Packet } from 'socket.io-parser';
import { Decoder } from '../../../server/gateway/decoder.ts';

/** What goes each way: straight to the ears, or by Socket.IO. */
function hear(chunk: unknown, takes: (name: string) => boolean = () => true): { heard: unknown[][]; usual: Packet[] } {
  const decoder = new Decoder();
  const heard: unknown[][] = [];
  const usual: Packet[] = [];
  decoder.on('decoded', packet => usual.push(packet));
  decoder.fastPath = (...said) => {
    heard.push(said);
    return takes(said[0]);
  };
  decoder.add(chunk);
  return { heard, usual };
}

describe('the short way in', () => {
  const encoded = (packet: Partial<Packet>) =>
    new Encoder().encode({ nsp: '/', type: PacketType.EVENT, ...packet } as Packet)[0];

  it('is that of events with one argument, with a number to be answered by or without', () => {
    assert.deepEqual(hear(encoded({ data: ['input', { n: 1 }] })), { heard: [['input', { n: 1 }, null]], usual: [] });
    assert.deepEqual(hear(encoded({ data: ['act', ['x', '[', null]], id: 17 })), {
      heard: [['act', ['x', '[', null], 17]],
      usual: [],
    });
    assert.deepEqual(hear(encoded({ data: ['act', 0], id: 0 })), { heard: [['act', 0, 0]], usual: [] });
  });

  it('is not that of anything else, which Socket.IO takes in as ever', () => {
    for (const packet of [
      { data: ['input'] },
      { data: ['input', 1, 2] },
      { data: [7, 1] },
      { nsp: '/other', data: ['input', 1] },
      { nsp: '/o[', data: ['input', 1], id: 3 },
      { type: PacketType.ACK, data: ['x', 1], id: 1 },
      { type: PacketType.CONNECT, data: { token: '[' } },
      { type: PacketType.DISCONNECT },
    ] as Partial<Packet>[]) {
      const { heard, usual } = hear(encoded(packet));
      assert.deepEqual(heard, [], JSON.stringify(packet));
      assert.deepEqual(usual[0]!.data, packet.data);
    }
  });

  it('leaves to Socket.IO what nobody takes', () => {
    const { heard, usual } = hear(encoded({ data: ['strange', 1] }), () => false);
    assert.deepEqual([heard.length, usual[0]!.data], [1, ['strange', 1]]);
  });

  it('is as strict as Socket.IO with what is none of its packets', () => {
    const refuses = (decode: () => unknown) => {
      try {
        decode();
        return false;
      } catch {
        return true;
      }
    };
    const chunks = [
      '',
      '2',
      '2[',
      '2["a",1',
      '2["a",]',
      '9["a",1]',
      '2x["a",1]',
      '2-1["a",1]',
      '2 1["a",1]',
      '21.5["a",1]',
      '2999999999999999["a",1]',
      'x',
      '2{"a":1}',
      7,
      null,
    ];
    for (const chunk of chunks)
      assert.equal(
        refuses(() => hear(chunk)),
        refuses(() => new SocketIoDecoder().add(chunk)),
        String(chunk),
      );
    assert.ok(chunks.some(chunk => refuses(() => hear(chunk))));
  });
});
