/** A packet of Engine.IO 4 with the Socket.IO packet in it, as one WebSocket text frame carries it. */
export type Packet =
  | { readonly kind: 'open' | 'ping' | 'pong' | 'noop' | 'close' | 'disconnect' | 'other'; readonly text: string }
  /** The client's handshake, or the server's answer to it. */
  | { readonly kind: 'connect'; readonly text: string; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'connect-error'; readonly text: string; readonly body: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'event';
      readonly text: string;
      readonly id: string;
      readonly name: string;
      readonly args: unknown[];
    }
  | { readonly kind: 'ack'; readonly text: string; readonly id: string; readonly args: unknown[] };

export type EventPacket = Extract<Packet, { kind: 'event' }>;
export type AckPacket = Extract<Packet, { kind: 'ack' }>;

const engineKinds: Readonly<Record<string, 'open' | 'close' | 'ping' | 'pong' | 'noop'>> = {
  0: 'open',
  1: 'close',
  2: 'ping',
  3: 'pong',
  6: 'noop',
};

/** Reads a text frame. A frame that is no packet of the main namespace is `other`. */
export function readPacket(text: string): Packet {
  const engineKind = engineKinds[text[0] ?? ''];
  if (engineKind !== undefined) return { kind: engineKind, text };
  const found = /^4([0-6])(\d*)(?=[[{]|$)([\s\S]*)$/.exec(text);
  if (!found) return { kind: 'other', text };
  const [, type, id = '', json = ''] = found;
  let body: unknown;
  try {
    body = json === '' ? {} : JSON.parse(json);
  } catch {
    return { kind: 'other', text };
  }
  if (type === '1') return { kind: 'disconnect', text };
  if (!Array.isArray(body)) {
    if (type !== '0' && type !== '4') return { kind: 'other', text };
    return { kind: type === '0' ? 'connect' : 'connect-error', text, body: body as Record<string, unknown> };
  }
  if (type === '3' && id !== '') return { kind: 'ack', text, id, args: body };
  if (type !== '2' || typeof body[0] !== 'string') return { kind: 'other', text };
  return { kind: 'event', text, id, name: body[0], args: body.slice(1) };
}

/** An event of the server or the client. @param id acknowledgement id; empty: none */
export const eventText = (name: string, args: readonly unknown[], id = ''): string =>
  `42${id}${JSON.stringify([name, ...args])}`;
/** The answer to the request with this acknowledgement id. */
export const ackText = (id: string, reply: unknown): string => `43${id}${JSON.stringify([reply])}`;
/** The server's refusal of a handshake. */
export const connectErrorText = (refusal: { readonly code: string }): string =>
  `44${JSON.stringify({ message: refusal.code, data: refusal })}`;
