import assert from 'node:assert/strict';
import { apply } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import type { WireChange } from '../../../shared/protocol.ts';
import { liarsDiceGame } from '../../../shared/games/liars-dice/rules.ts';
import { table, type Seat } from '../../../testkit/index.ts';
import type { RoomDocument } from '../../../server/rooms/core/document.ts';

type Dice = Awaited<ReturnType<typeof table<(typeof liarsDiceGame)['contract']['def']>>>;
type Player = Seat<(typeof liarsDiceGame)['contract']['def']>;

/** What a seat may see of a document, worked out here anew. */
const seenBy = (doc: RoomDocument, player: string | null): Json => {
  const seat = player === null ? -1 : doc.hidden.seats.findIndex(s => s?.player === player);
  const state =
    doc.state === null
      ? null
      : liarsDiceGame.rules.view(structuredClone(doc.state) as never, {
          seat: seat < 0 ? null : seat,
          ended: doc.room.phase === 'ended',
          replay: false,
        });
  return JSON.parse(JSON.stringify({ room: doc.room, state })) as Json;
};

/**
 * Every change that a client received, taken apart: it must be what the seat may see of that entry, and not a byte
 * more.
 */
function account(history: readonly RoomDocument[], who: Player, watching: boolean): number {
  const player = watching ? null : who.id;
  let changes = 0;
  for (const text of who.bytes) {
    const message = JSON.parse(text) as unknown;
    if (!Array.isArray(message)) {
      // An answer: to act, place, join, leave. Those with state in them are compared as a whole.
      const {
        view,
        verdicts,
        changes: missed,
        ...rest
      } = message as { view?: Json; verdicts?: unknown; changes?: WireChange[] };
      assert.ok(JSON.stringify(rest).length < 400, JSON.stringify(rest));
      void verdicts;
      if (view) {
        const at = (message as { place: [number, number] }).place[1];
        if (at > 0) assert.deepEqual(view, seenBy(history[at - 1]!, player));
      }
      for (const change of missed ?? []) one(change);
      continue;
    }
    const [name, ...said] = message as [string, ...unknown[]];
    if (name === 'c' || name === 's') {
      // The short form: the room's number, seq, changes, events, a new term.
      const [, seq, what, events] = said as [number, number, WireChange[3], WireChange[4] | 0];
      one([0, seq, 0, name === 's' ? ({ state: what } as WireChange[3]) : what, events || undefined] as WireChange);
    } else if (name === 'change') one(said.slice(1) as unknown as WireChange);
    else if (name === 'h')
      assert.ok(said.length === 3 && said.every(Number.isSafeInteger), `numbers of one room: ${text}`);
    else assert.ok(text.length < 300, `a notice: ${text}`);
  }
  return changes;

  function one([, seq, , visible, events = []]: WireChange): void {
    changes += 1;
    const before = seq > 1 ? seenBy(history[seq - 2]!, player) : null;
    if (before) {
      const after = seenBy(history[seq - 1]!, player);
      // A change says what is. What came and went within one entry (away, and back) may be said again; nothing but what
      // is there after it.
      if (visible !== 0) apply(before, structuredClone(visible));
      assert.deepEqual(before, after, `entry ${seq} as ${who.name} received it: ${JSON.stringify(visible)}`);
    }
    for (const [name] of events) assert.ok(['bid', 'revealed'].includes(name));
  }
}

describe('every byte of whole matches', () => {
  for (const seed of [1, 2, 3]) {
    it(`[V1] is accounted for by what the seat may see, with a killed and a frozen owner in between (${seed})`, async () => {
      const t: Dice = await table(liarsDiceGame, { players: 4, seed, options: { dice: 2 } });
      const watcher = await t.watch();
      let moves = 0;
      for (let match = 1; match <= 2; match++) {
        while (t.seats[0]!.info.phase === 'playing' && moves < 400) {
          await t.settle();
          const turn = t.seats.find(s => s.seat === t.seats[0]!.state.turn)!;
          moves += 1;
          const { bid } = turn.state;
          const said =
            bid === null || (moves % 3 === 0 && bid.count < 4)
              ? await turn.act.bid({ count: bid ? bid.count + 1 : 1, face: 5 })
              : await turn.act.challenge();
          if (!said.ok) await t.advance(700);
          if (moves % 17 === 5) await t.killOwner();
          if (moves % 41 === 20) await t.freezeOwner();
          if (moves % 13 === 7) {
            t.disconnect(t.seats[2]!);
            await t.advance(900);
            await t.reconnect(t.seats[2]!);
          }
        }
        assert.equal(t.seats[0]!.info.phase, 'ended');
        if (match === 1) assert.ok((await t.seats[0]!.start()).ok, 'the host begins the next match');
        await t.settle();
      }
      const history = t.history();
      let accounted = 0;
      for (const seat of t.seats) accounted += account(history, seat, false);
      accounted += account(history, watcher, true);
      assert.ok(accounted > 200, `${accounted} changes were looked at`);
      // And the views themselves tell nothing of what is hidden, nor does any byte of the generator.
      t.neverLeaks((s, seat) => s.hands[seat], { reveals: ['challenge'] });
    });
  }
});
