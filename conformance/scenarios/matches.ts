import type { Packet } from '../harness/packets.ts';

const pushes: ReadonlySet<string> = new Set(['change', 'c', 's', 'motion']);

/** Whether a packet brings a change of a room, in whichever form. */
export const isPush = (packet: Packet): boolean => packet.kind === 'event' && pushes.has(packet.name);
/** Whether the client sends this request. */
export const isRequest = (packet: Packet, name: string): boolean => packet.kind === 'event' && packet.name === name;
