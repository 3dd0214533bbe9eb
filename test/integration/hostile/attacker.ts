import { Draw } from './draw.ts';
import { limits } from '../../../shared/limits.ts';
import { brokenFrame, binaryFrame, enginePacket, frameFlood, pollingBody, textFrame } from './frames.ts';
import { event, packet, type Packet } from './packets.ts';
import type { AttackerKnowledge } from './payloads.ts';
import { ask, RawPolling } from './raw-polling.ts';
import { RawSocket, type Target } from './raw-socket.ts';
import { string, value } from './values.ts';

/** How many packets were sent, by level. */
export interface PacketCounts {
  /** Frames that never become a packet; not part of the total. */
  frames: number;
  engine: number;
  socket: number;
  payload: number;
  polling: number;
  http: number;
  refused: number;
  answered: number;
}
export const noPackets = (): PacketCounts => ({
  frames: 0,
  engine: 0,
  socket: 0,
  payload: 0,
  polling: 0,
  http: 0,
  refused: 0,
  answered: 0,
});
/** Packets of all levels: connections that were refused have sent none. */
export const totalPackets = (sent: PacketCounts): number =>
  sent.engine + sent.socket + sent.payload + sent.polling + sent.http;

export interface AttackTarget {
  known: AttackerKnowledge;
  targets: readonly Target[];
  sent: PacketCounts;
  /** Tokens of guests, to be used again. */
  tokens: string[];
  note(packet: string): void;
}

const roomIn = (text: string): string | undefined => /"room":"([\w-]{22})"/.exec(text)?.[1];

/**
 * One hostile connection, from its first byte to its last. All it does follows from its seed and from what it hears.
 */
export async function attack(seed: number, world: AttackTarget): Promise<void> {
  const draw = new Draw(seed);
  const target = draw.pick(world.targets);
  const known: AttackerKnowledge = { ...world.known, own: [] };
  await draw.weighed<() => Promise<void>>([
    [16, () => bySocket(draw, target, known, world)],
    [1, () => byFrames(draw, target, world)],
    [3, () => byPolling(draw, target, known, world)],
    [1, () => byUpgrade(draw, target, world)],
    [1, () => byHttp(draw, target, known, world)],
  ])();
}

/** How a connection says who it is: mostly well, since behind that door is more. */
function connectPacket(draw: Draw, world: AttackTarget): string {
  if (draw.chance(0.06)) return packet(draw, world.known).text;
  const auth: Record<string, string> = {};
  if (draw.chance(0.5) && world.tokens.length > 0) auth['token'] = JSON.stringify(draw.pick(world.tokens));
  if (draw.chance(0.3)) auth['name'] = string(draw);
  if (draw.chance(0.03)) auth[draw.pick(['token', 'name', 'wire', '__proto__'])] = value(draw);
  return `0{${Object.entries(auth)
    .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
    .join(',')}}`;
}

function remember(draw: Draw, welcome: string | null, world: AttackTarget): void {
  const token = /"token":"([^"]+)"/.exec(welcome ?? '')?.[1];
  if (token === undefined) return;
  if (world.tokens.length < 400) world.tokens.push(token);
  else if (draw.chance(0.05)) world.tokens[draw.below(400)] = token;
}

const framesOf = ({ text, attachments }: Packet): Buffer[] => [textFrame(`4${text}`), ...attachments.map(binaryFrame)];

async function bySocket(draw: Draw, target: Target, known: AttackerKnowledge, world: AttackTarget): Promise<void> {
  const { sent } = world;
  const raw = await RawSocket.open(target);
  if (!raw) return void (sent.refused += 1);
  const early = draw.chance(0.05);
  if (early) await raw.send(...Array.from({ length: 5 }, () => enginePacket(draw)));
  const hello = connectPacket(draw, world);
  world.note(hello);
  // Several hellos in one breath: only one may count.
  await raw.text(...Array<string>(draw.chance(0.05) ? draw.between(2, 40) : 1).fill(`4${hello}`));
  sent.socket += 1;
  remember(draw, await raw.hears(text => text.startsWith('42["welcome"') || text.startsWith('44'), 3_000), world);
  if (draw.chance(0.6)) {
    await raw.text(
      `4277["join",${draw.pick([`{"quick":{"game":"${draw.pick(known.games)}"}}`, `{"room":"${draw.pick(known.rooms)}","watch":true}`])}]`,
    );
    sent.payload += 1;
    const own = roomIn((await raw.hears(text => text.startsWith('4377'), 3_000)) ?? '');
    if (own !== undefined) known.own.push(own);
  }
  // Most of what breaks Socket.IO ends its line: some lines are full of it, others do without, so that much is read.
  const wrong = draw.pick([0, 0, 0.01, 0.15]);
  draw.wild = draw.pick([0, 0, 0.002, 0.05]);
  const more = draw.between(10, 120);
  for (let i = 0; i < more && !raw.closed; i += 8) {
    const frames: Buffer[] = [];
    for (let k = 0; k < 8; k++) {
      const level = draw.chance(wrong) ? draw.below(20) : 20;
      if (level < 8) {
        const bytes = draw.chance(0.1) ? brokenFrame(draw) : enginePacket(draw);
        world.note(`engine ${bytes.subarray(0, 200).toString('base64')}`);
        frames.push(bytes);
        sent.engine += 1;
      } else {
        const one = level < 20 ? packet(draw, known) : event(draw, known);
        world.note(one.text);
        frames.push(...framesOf(one));
        sent[level < 20 ? 'socket' : 'payload'] += 1;
      }
    }
    await raw.send(...frames);
    await new Promise<void>(resolve => {
      setImmediate(resolve);
    });
  }
  const last = [packet(draw, known), packet(draw, known)];
  for (const one of last) world.note(one.text);
  sent.socket += last.length;
  sent.engine += 2;
  if (!raw.closed) await raw.send(...last.flatMap(framesOf), enginePacket(draw), brokenFrame(draw));
  // What was sent should be read, unless this one hangs up in the middle of it.
  if (draw.chance(0.7)) await raw.hears(() => raw.closed, 30);
  sent.answered += raw.answers;
  raw.end(draw.pick(['close', 'reset', 'half']));
}

/**
 * A flood of frames, before a connection says who it is, after it, or on a WebSocket to which a session that polls is
 * to move.
 */
async function byFrames(draw: Draw, target: Target, world: AttackTarget): Promise<void> {
  const polling = draw.chance(0.3) ? await RawPolling.open(target) : null;
  const raw = await RawSocket.open(target, polling ? `EIO=4&transport=websocket&sid=${polling.sid}` : undefined);
  polling?.close();
  if (!raw) return void (world.sent.refused += 1);
  if (!polling && draw.chance(0.7)) {
    await raw.text(`4${connectPacket(draw, world)}`);
    remember(draw, await raw.hears(text => text.startsWith('42["welcome"') || text.startsWith('44'), 3_000), world);
  }
  const count = limits.packets.burst + draw.between(400, 3_000);
  world.note(`${count} frames`);
  world.sent.frames += count;
  await raw.send(frameFlood(draw, count));
  await raw.hears(() => raw.closed, 10_000);
  if (!raw.closed) throw new Error(`a connection that sent ${count} frames at once was not closed`);
}

async function byPolling(draw: Draw, target: Target, known: AttackerKnowledge, world: AttackTarget): Promise<void> {
  const { sent } = world;
  const polling = await RawPolling.open(target);
  if (!polling) return void (sent.refused += 1);
  try {
    await polling.post(`4${connectPacket(draw, world)}`);
    remember(draw, (await polling.poll()).text, world);
    for (let i = draw.between(2, 8); i > 0; i--) {
      const packets = Array.from(
        { length: draw.between(1, 12) },
        () => `4${draw.chance(0.8) ? event(draw, known).text : packet(draw, known).text}`,
      );
      const body = pollingBody(draw, packets);
      world.note(`polling ${body}`);
      sent.polling += packets.length;
      const { status } = draw.chance(0.1)
        ? await Promise.race([polling.poll(), polling.post(body)])
        : await polling.post(body);
      if (status !== 200) return;
      if (draw.chance(0.5)) await polling.poll(200);
    }
  } finally {
    polling.close();
  }
}

/** A polling session that is to become a WebSocket, by right and wrong steps. */
async function byUpgrade(draw: Draw, target: Target, world: AttackTarget): Promise<void> {
  const { sent } = world;
  const polling = await RawPolling.open(target);
  if (!polling) return void (sent.refused += 1);
  try {
    const sid = draw.chance(0.8)
      ? polling.sid
      : draw.pick(['', 'x', '__proto__', 'a'.repeat(2_000), `${polling.sid}&sid=b`]);
    const raw = await RawSocket.open(
      target,
      `EIO=${draw.pick(['4', '4', '4', '3', '5', 'x'])}&transport=websocket&sid=${sid}`,
    );
    sent.engine += 1;
    if (!raw) return;
    const steps = draw.pick([
      ['2probe', '5'],
      ['5'],
      ['2probe', '2probe', '5', '5'],
      ['2probe'],
      ['2'],
      ['2probe', '4' + connectPacket(draw, world), '5'],
      ['6', '1', '5'],
    ]);
    for (const step of steps) {
      sent.engine += 1;
      await raw.text(step);
      if (draw.chance(0.5)) await polling.poll(50);
    }
    await raw.text(`4${connectPacket(draw, world)}`, '42["list",{}]');
    sent.socket += 2;
    await raw.hears(text => text.startsWith('40'), 50);
    raw.end(draw.pick(['close', 'reset']));
  } finally {
    polling.close();
  }
}

/** Requests with nothing of a session: handshakes that are none, and every page there is. */
async function byHttp(draw: Draw, target: Target, known: AttackerKnowledge, world: AttackTarget): Promise<void> {
  const junk = () => encodeURIComponent(draw.bytes(draw.below(12)).toString('latin1'));
  for (let i = draw.between(1, 6); i > 0; i--) {
    const path = draw.pick([
      () =>
        `/socket.io/?EIO=${draw.pick(['4', '3', '', 'NaN', '4&EIO=4'])}&transport=${draw.pick(['polling', 'websocket', 'webtransport', 'constructor', '', 'polling&transport=websocket'])}&sid=${draw.pick(['', 'x', '__proto__', 'constructor', junk()])}&j=${draw.pick(['0', '', '1);alert(1'])}&t=${junk()}`,
      () => '/socket.io/socket.io.js',
      () => '/socket.io/%',
      () => `/socket.io/${junk()}`,
      () =>
        `/replays/${draw.pick([draw.pick(known.rooms), '%E0%A4%A', '__proto__', '..%2f..', junk()])}/${draw.pick(['1', '0', '-1', '1e9', 'NaN', '%', junk()])}`,
      () => `/rooms.json?game=${draw.pick(['tally', 'a&game=b', '__proto__', '[]=1', junk()])}&${junk()}[__proto__]=1`,
      () =>
        draw.pick([
          '/dev/',
          '/dev/games.json',
          '/dev/rooms/x.json',
          '/metrics',
          '/config.json',
          '/healthz',
          '/readyz',
          '//example.org/',
          '/..%2f..%2fetc/passwd',
          '/%00',
          '/%',
          '/.git/config',
          '/server/main.ts',
          '*',
        ]),
      () => `/${junk()}?${junk()}`,
    ])();
    world.note(`http ${path}`);
    world.sent.http += 1;
    const method = draw.pick(['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PATCH']);
    await ask(target, {
      path,
      method,
      within: 2_000,
      ...(method === 'POST' ? { body: value(draw) } : {}),
      headers: draw.chance(0.2)
        ? {
            [draw.pick(['origin', 'host', 'cookie', 'accept-encoding', 'content-type', 'expect', 'upgrade', 'range'])]:
              draw.pick(['null', 'https://evil.example', 'x', '100-continue', 'h2c', 'bytes=0-', '__proto__']),
          }
        : {},
    });
  }
}
