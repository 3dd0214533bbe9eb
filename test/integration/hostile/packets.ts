import type { Draw } from './draw.ts';
import { payload, type AttackerKnowledge } from './payloads.ts';
import { string, value } from './values.ts';

/** One Socket.IO packet as Engine.IO carries it: a text, and perhaps binary attachments after it. */
export interface Packet {
  text: string;
  attachments: Buffer[];
}

const ids = ['0', '1', '7', '99999999999999999999', '1e5', '-1', '4294967296', '00'];
const spaces = [
  '',
  '/,',
  '/rejoin,',
  '/admin,',
  '/__proto__,',
  '/constructor,',
  '/a?b=c,',
  '/,/,',
  `/${'n'.repeat(3_000)},`,
];
const reserved = [
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
  'error',
  'welcome',
  'change',
  'refused',
  'message',
  '__proto__',
  'toString',
];

const plain = (text: string): Packet => ({ text, attachments: [] });

/** An event of the protocol, as a client sends it: most with an acknowledgement. */
export function event(draw: Draw, known: AttackerKnowledge): Packet {
  const { event: name, text } = payload(draw, known);
  const id = draw.chance(0.85)
    ? String(draw.below(10_000))
    : draw.chance(draw.wild)
      ? draw.pick(ids)
      : draw.pick(['', '99999999999999999999', '0', '00', '4294967296']);
  const args = draw.weighed<string>([
    [20, text],
    [1, `${text},${value(draw)}`],
    [1, `${value(draw)},${text}`],
    [1, ''],
  ]);
  return plain(`2${id}["${name}"${args === '' ? '' : `,${args}`}]`);
}

/** Anything at the level of Socket.IO: types, namespaces, numbers of acknowledgements, attachments. */
export function packet(draw: Draw, known: AttackerKnowledge): Packet {
  switch (draw.below(12)) {
    case 0:
      return plain(
        `0${draw.pick(spaces)}${draw.chance(0.5) ? `{"token":${value(draw)},"name":${string(draw)}}` : value(draw)}`,
      ); // connects again, or elsewhere
    case 1:
      return plain(`1${draw.pick(spaces)}`);
    case 2:
      return plain(`3${draw.pick(ids)}[${value(draw)}]`); // an answer to nothing
    case 3:
      return plain(`4${value(draw)}`);
    case 4:
      return plain(`2${draw.pick(spaces)}${draw.pick(ids)}["${draw.pick(reserved)}",${value(draw)}]`);
    case 5:
      return plain(`2[${value(draw)}]`); // a name that is none
    case 6:
      return plain(`2${draw.pick(['', '{}', '[]', 'null', '[null]', '[[]]', '["join"', '["join",]', '"join"', '5'])}`);
    case 7:
    case 8: {
      const attachments = draw.pick(['1', '0', '2', '10', '11', '999999999', '-1', '1.5', '']);
      const { event: name, text } = payload(draw, known);
      const body = draw.chance(0.5)
        ? text
        : `{"room":{"_placeholder":true,"num":0},"data":{"_placeholder":true,"num":${draw.pick(['0', '1', '-1', '"0"'])}}}`;
      return {
        text: `${draw.pick(['5', '6'])}${attachments}-${draw.pick(ids)}["${name}",${body}]`,
        attachments: Array.from({ length: draw.below(4) }, () => draw.bytes(draw.below(40))),
      };
    }
    case 9:
      return plain(`${draw.between(5, 9)}${value(draw)}`);
    case 10:
      return plain(`2${draw.pick(ids)}${draw.pick(ids)}["list",{}]`);
    default: {
      const whole = event(draw, known).text;
      return plain(draw.chance(0.5) ? whole.slice(0, draw.below(whole.length)) : `${whole}${value(draw)}`);
    }
  }
}
