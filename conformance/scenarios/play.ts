import { ackText, eventText } from '../harness/packets.ts';
import { readVectors } from '../harness/vectors.ts';
import { expect, expectOnce, type Scenario } from '../harness/scenario.ts';
import { firstDifference } from '../harness/player.ts';

/** Without any fault. */
export const playScenarios: readonly Scenario[] = [
  {
    name: 'deltas',
    checks: 'Applies every change of docs/wire/deltas.json, and reports those that do not fit.',
    rules: ['W13', 'U11d'],
    async run({ adapter }) {
      const { changes, unfit } = readVectors('deltas');
      for (const { name, from, change, to } of changes) {
        const reply = await adapter.ask('apply', { value: from, change });
        const difference = reply.ok ? firstDifference(reply['value'], to, 'value') : `refused: ${reply.code}`;
        expect(
          difference === '',
          `vector "${name}": ${difference}. Change ${JSON.stringify(change)} on ${JSON.stringify(from)}. See "Changes" in docs/wire.md`,
        );
      }
      for (const { name, from, change } of unfit) {
        const reply = await adapter.ask('apply', { value: from, change });
        expect(
          reply.ok === false,
          `vector "${name}" does not fit its value and must be reported ("ok": false): a client then joins again with "whole": true`,
        );
      }
    },
  },
  {
    name: 'plain match',
    checks: 'Joins, acts, applies changes, receives events, and sees the end of the match.',
    rules: ['W6', 'A1', 'A9'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      for (let round = 0; round < 6; round++) {
        const player = round % 2 === 0 ? a : b;
        const reply = await player.act('add', { tag: `plain-${round}`, by: round + 1 });
        expect(reply.ok === true, `action ${round} was accepted, but the client reports ${reply.code}`);
        const { tags } = (await player.state()).state as { tags: string[] };
        expect(
          tags.includes(`plain-${round}`),
          'a verdict was reported before its entry was applied: "place" of the answer names the entry, and its change may arrive later (A9)',
        );
        expect((await player.act('shuffle', { round })).ok === true, '"shuffle" was accepted');
      }
      const seen = await a.upToDate(room, 'after twelve actions');
      expectOnce(seen.state, ['plain-0', 'plain-5'], 'in a plain match');
      const added = seen.events.filter(([name]) => name === 'added').length;
      expect(
        added === 6,
        `6 events "added" were sent, and the client reports ${added}: events are the fifth field of a change`,
      );
      expect((await b.act('finish')).ok === true, '"finish" was accepted');
      for (const player of [a, b]) {
        const state = await player.upToDate(room, 'after the match');
        expect(state.room?.phase === 'ended', `the phase is "${state.room?.phase}", not "ended"`);
      }
    },
  },
  {
    name: 'refused actions',
    checks: 'Reports code and detail of a refusal, and keeps its numbers right.',
    rules: ['A4', 'W3'],
    async run(stage) {
      const { room, a } = await stage.match();
      const refused = await a.act('add', { tag: 'much', by: 10 });
      expect(
        refused.ok === false && refused.code === 'too-much' && refused.detail === 'at most 9',
        `the game refused with code "too-much" and detail "at most 9"; the client reports ${JSON.stringify(refused)}`,
      );
      const invalid = await a.act('add', { by: 'x' });
      expect(
        invalid.ok === false && invalid.code === 'bad-data',
        `the server refused with "bad-data"; the client reports ${JSON.stringify(invalid)}`,
      );
      const missing = await a.act('fly', {});
      expect(
        missing.ok === false && missing.code === 'no-such-action',
        `the server refused with "no-such-action"; the client reports ${JSON.stringify(missing)}`,
      );
      expect(
        (await a.act('add', { tag: 'after', by: 1 })).ok === true,
        'the action after the refused ones was accepted',
      );
      const seen = await a.upToDate(room, 'after refused actions');
      expectOnce(seen.state, ['after'], 'after refused actions');
    },
  },
  {
    name: 'many at once',
    checks: 'Sends 20 actions without waiting: at most 8 are in flight, each is executed once, in order.',
    rules: ['A1b', 'A2', 'A3'],
    async run(stage) {
      const { room, a } = await stage.match();
      const tags = Array.from({ length: 20 }, (_x, i) => `many-${i}`);
      const replies = await Promise.all(tags.map(tag => a.act('add', { tag, by: 1 })));
      const refused = replies.find(reply => !reply.ok);
      expect(refused === undefined, `all 20 actions are valid; one was reported as ${refused?.code}`);
      const seen = await a.upToDate(room, 'after 20 actions');
      expectOnce(seen.state, tags, 'of 20 at once');
      expect(
        (seen.state as { tags: string[] }).tags.join() === tags.join(),
        'the actions were not executed in the order in which they were given',
      );
    },
  },
  {
    name: 'hidden information',
    checks: 'Shows exactly what was sent to its own seat, live and after a reconnect.',
    rules: ['V1', 'C2'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      for (const player of [a, b, a]) await player.act('draw');
      for (const player of [a, b]) {
        const { state, seat } = await player.upToDate(room, 'after cards were drawn');
        const { hands } = state as { hands: unknown[] };
        expect(
          Array.isArray(hands[seat!]) && typeof hands[1 - seat!] === 'number',
          'a client has its own hand as cards, and the other as a number',
        );
      }
      a.proxy.isOnline = false;
      a.proxy.cut();
      await b.act('draw');
      a.proxy.isOnline = true;
      await a.upToDate(room, 'after a reconnect with hidden information');
    },
  },
  {
    name: 'unknown fields',
    checks: 'Keeps fields that it does not know, and ignores unknown events, notices and fields of messages.',
    rules: ['W9e', 'U11d'],
    async run(stage) {
      const { room, a, b } = await stage.match();
      a.proxy.isOnline = false;
      a.proxy.cut();
      // The view of the next join, and changes after it, as a later version of the server may send them.
      a.fault(({ way, packet, request }) => {
        if (way === 'up' && packet.kind === 'event' && packet.name === 'join') {
          const { place: _, ...join } = packet.args[0] as Record<string, unknown>;
          return [eventText('join', [join], packet.id)]; // so that the answer is a snapshot
        }
        if (way !== 'down') return 'pass';
        if (packet.kind === 'ack') {
          const reply = { ...(packet.args[0] as Record<string, unknown>), future: { a: 1 } } as Record<string, unknown>;
          if (request?.name === 'join' && reply['ok'] === true)
            (reply['view'] as { room: Record<string, unknown> }).room['future'] = { kept: 1, list: [1, 2] };
          return [
            ackText(packet.id, reply),
            eventText('future-event', [{ a: 1 }]),
            eventText('notice', [{ room, code: 'future-notice' }]),
          ];
        }
        return 'pass';
      });
      await b.act('add', { tag: 'meanwhile', by: 1 });
      a.proxy.isOnline = true;
      await a.poll(
        async () => ((await a.state()).room as { future?: unknown } | null)?.future ?? null,
        () =>
          'a field of the public room that the client does not know is missing from its replica: keep the whole JSON value, since later changes may be inside of it',
      );
      const { position, room: before } = await a.state();
      const { future } = before as unknown as { future: unknown };
      expect(
        firstDifference(future, { kept: 1, list: [1, 2] }, 'room.future') === '',
        `the unknown field is ${JSON.stringify(future)}, not {"kept":1,"list":[1,2]}`,
      );
      const inside = a.fault(({ way, packet }) => {
        if (way !== 'down' || packet.kind !== 'event' || !['change', 'c', 's'].includes(packet.name)) return 'pass';
        inside.ended = true;
        const args = [...packet.args];
        const at = packet.name === 'change' ? 4 : 2;
        const changes = packet.name === 's' ? { state: args[at] } : (args[at] as object | 0) || {};
        args[at] = {
          ...changes,
          room: { ...(changes as { room?: object }).room, future: { kept: 2, list: { '#': [[0, 1]] } } },
        };
        return [
          `42${JSON.stringify([packet.name === 's' ? 'c' : packet.name, ...args, { future: true }].slice(0, packet.name === 'change' ? 6 : 4))}`,
        ];
      });
      await b.act('add', { tag: 'inside', by: 1 });
      await a.poll(
        async () => ((await a.state()).position?.join() === position?.join() ? null : true),
        () => 'a change inside of an unknown field was not applied',
      );
      const changed = ((await a.state()).room as unknown as { future: unknown }).future;
      expect(
        firstDifference(changed, { kept: 2, list: [2] }, 'room.future') === '',
        `after a change inside of it, the unknown field is ${JSON.stringify(changed)}, not {"kept":2,"list":[2]}`,
      );
      expect((await a.act('add', { tag: 'still', by: 1 })).ok === true, 'the client goes on after unknown messages');
    },
  },
];
