import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { codeLength, codeAlphabet, idFromBytes } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';

const text = readFileSync(join(packageRoot, 'docs/security.md'), 'utf8');
const number = (n: number): string => n.toLocaleString('en-US');
const rate = ({ burst, perSecond }: { burst: number; perSecond: number }): string =>
  `${number(burst)}, ${number(perSecond)}/s`;
const size = (bytes: number): string => (bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${bytes / 1_024} KiB`);
const seconds = (ms: number): string => `${ms / 1_000} s`;
const { address, node } = limits;

/** What the table of limits has to say, by its first column: of whom, and how much. */
const rows: Record<string, [whom: string, limit: string]> = {
  'a packet': [
    'connection',
    `${size(limits.packetBytes)}; depth ${limits.payloadDepth}, ${number(limits.payloadValues)} values`,
  ],
  '`auth` of a handshake: token, name, your own values': ['connection', `${number(limits.authBytes)} bytes`],
  'packets of any kind: messages, heartbeats, every WebSocket frame (fragments, pings, pongs), and small pieces of one':
    ['connection', rate(limits.packets)],
  requests: ['player · address', `${rate(limits.requests)} · ${rate(address.requests)}`],
  inputs: ['player · address', `${rate(limits.inputs)} · ${rate(address.inputs)}`],
  signals: ['player · address', `${rate(limits.signals)} · ${rate(address.signals)}`],
  'new rooms': ['player · address', `${rate(limits.creations)} · ${rate(address.creations)}`],
  'open rooms, by who made them ([W27])': [
    'player · address, on all nodes together',
    `${number(limits.liveRooms)} · ${number(address.liveRooms)}`,
  ],
  "new seats (one's own is free)": ['player · address', `${rate(limits.newSeats)} · ${rate(address.newSeats)}`],
  'wrong codes (then right ones are refused, too)': [
    'player · address · node',
    `${rate(limits.wrongCodes)} · ${rate(address.wrongCodes)} · ${rate(node.wrongCodes)}`,
  ],
  'lists of rooms, over sockets and `/rooms.json`': [
    'player · address',
    `${rate(limits.lists)} · ${rate(address.lists)}`,
  ],
  '`/replays`': ['address', rate(address.replays)],
  'other requests over HTTP, except for health and metrics': ['address', rate(address.pages)],
  'wrong tokens for metrics and `/operator` (then the right one is refused, too)': [
    'address',
    rate(address.wrongTokens),
  ],
  rooms: ['connection', number(limits.roomsPerConnection)],
  connections: ['player · address', `${number(limits.connectionsPerPlayer)} · ${number(address.connections)}`],
  handshakes: ['address', rate(address.handshakes)],
  'new guests (tokens)': ['address', rate(address.guests)],
  "spectators' connections": ['room', number(limits.watchers)],
  'queued messages': ['room', number(limits.mailbox)],
  'unread packets': [
    'connection',
    `${limits.outboundSoftPackets} or ${size(limits.outboundSoftBytes)}; then ${number(limits.outboundHardPackets)} or ${size(limits.outboundHardBytes)}, or ${seconds(limits.outboundSoftTime)}`,
  ],
  'a connection that was asked to close': ['connection', seconds(limits.closeTimeout)],
};

describe('docs/security.md', () => {
  const table = text
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line =>
      line
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim())
        .slice(1, -1),
    );

  for (const [what, [whom, limit]] of Object.entries(rows)) {
    it(`says the limit that is set: ${what}`, () => {
      assert.deepEqual(
        table.filter(cells => cells[0] === what && cells[1] === whom).map(cells => cells[2]),
        [limit],
      );
    });
  }

  it('says how hard ids and codes are to guess', () => {
    const all = codeAlphabet.length ** codeLength;
    const perDay = (of: { burst: number; perSecond: number }) =>
      Math.floor(((of.burst + 86_400 * of.perSecond) * 1_000) / all);
    const id = idFromBytes(new Uint8Array(16)).length;
    for (const claim of [
      `${id} characters of 64`,
      `${id * 6} bits`,
      `${codeAlphabet.length}⁵ = ${(all / 1e6).toFixed(1)} million`,
      `one in ${number(Math.floor(all / 1_000 / 100) * 100)} guesses`,
      `about ${perDay(address.wrongCodes)} rooms a day`,
      `about ${perDay(node.wrongCodes)} a day at one node`,
    ])
      assert.ok(text.replaceAll('\n', ' ').includes(claim), claim);
  });

  it('says what clients can make the store keep', () => {
    const kept = new Map(
      text
        .slice(text.indexOf('## What clients can make'))
        .split('\n')
        .filter(line => line.startsWith('| '))
        .map(line => [line.split(' | ')[0], line]),
    );
    const { recording } = limits;
    for (const [what, ...claims] of [
      [
        '| a room: first state',
        `that live: ${number(limits.liveRooms)} · ${number(address.liveRooms)} on all nodes`,
        `new ones: ${rate(limits.creations)} · ${rate(address.creations)}`,
        size(limits.documentBytes),
        `options (${size(limits.optionsBytes)})`,
      ],
      ["| a room's journal", size(limits.entryBytes), `${limits.snapshotEvery + limits.entriesKept} entries`],
      [
        '| seats, names',
        `names (${limits.nameLength} characters)`,
        `profiles (${limits.profileBytes} bytes)`,
        `the last ${limits.closedSessions})`,
        `the last ${limits.verdicts})`,
        `${limits.seats} seats`,
      ],
      ['| banned players', `the last ${limits.banned} each`],
      ['| who owned the room', `the last ${limits.termsKept}`],
      ['| timers', `${limits.timers} each`],
      [
        '| quick joins that may be repeated',
        rate(limits.quickJoins),
        `${limits.quickJoinSearch.resultTtl / 60_000} minutes`,
      ],
      ['| reservations', `${limits.quickJoinSearch.reservation / 1_000} s`],
      [
        '| recordings of finished',
        `the last ${recording.perRoom} of a room`,
        `fewer than ${recording.short.frames} frames in less than ${recording.short.ms / 1_000} s`,
        size(recording.maxBytes),
        rate(limits.matches),
      ],
    ] as [string, ...string[]][]) {
      const line = [...kept].find(([first]) => first!.startsWith(what))?.[1];
      assert.ok(line, what);
      for (const claim of claims) assert.ok(line.includes(claim), `${what}: ${claim}`);
    }
  });

  it('names the wider networks', () => {
    const { prefixMultiplier } = address;
    assert.ok(
      text
        .replaceAll('\n', ' ')
        .includes(
          `a /56 have ${prefixMultiplier[56]} times as much as one, those of a /48 ${prefixMultiplier[48]} times`,
        ),
    );
  });
});
