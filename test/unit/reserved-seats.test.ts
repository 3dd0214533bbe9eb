import assert from 'node:assert/strict';
import { newDocument, type Restrictions } from '../../server/rooms/core/document.ts';
import type { ContractDef } from '../../shared/contract.ts';
import { turnBot, turnsGame } from './bot-games.ts';
import { emptyRoom, outcomeCode, sessionOf, type RoomMachineFixture } from './room-machine.ts';

const teams = ['red', 'blue'];

/** A room of four seats with reserved ones. */
function reservedFor(
  reserved: string[],
  restrictions: Restrictions = {},
  more: Partial<Pick<ContractDef, 'start' | 'teams' | 'late' | 'away'>> = {},
  fill = 0,
) {
  const game = turnsGame(turnBot, more);
  const init = { id: 'room', code: 'ABCDE', private: true, options: {}, seed: [1, 2, 3, 4] as never, now: 0 };
  return emptyRoom(game, { doc: newDocument(game, { ...init, reserved, restrictions, fill }) });
}
const seated = ({ room: { doc } }: RoomMachineFixture) => doc.hidden.seats.map(s => s?.player ?? null);
const phaseOf = ({ room: { doc } }: RoomMachineFixture) => doc.room.phase;
const serve = (played: RoomMachineFixture, name: string, data: object | null = null) =>
  outcomeCode(played.step({ kind: 'serve', name, data: data as never }));
const leave = (played: RoomMachineFixture, player: string) => {
  const { session } = played.room.doc.hidden.seats[seatOf(played, player)]!;
  return outcomeCode(played.step({ kind: 'leave', player, session }));
};
/** For a player who sits down again after leaving: a hold has a session of its own. */
const returns = (played: RoomMachineFixture, player: string) => played.join(player, `second-session-of-${player}`);
const seatOf = (played: RoomMachineFixture, player: string) => seated(played).indexOf(player);

describe('reserved seats', () => {
  it('[X2] each listed player gets the seat of the list, in whatever order they come, and again after leaving', () => {
    const played = reservedFor(['white', 'black', 'third'], {}, { start: 'host' });
    for (const player of ['third', 'black']) assert.equal(played.join(player), 'ok');
    assert.deepEqual(seated(played), [null, 'black', 'third', null]);
    assert.equal(played.join('eve'), 'reserved');
    leave(played, 'black');
    assert.equal(played.join('white'), 'ok');
    assert.equal(returns(played, 'black'), 'ok');
    assert.deepEqual(seated(played), ['white', 'black', 'third', null]);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[X2] the first match waits for all of the list, by itself and for the host; not for the server', () => {
    const full = reservedFor(['a', 'b', 'c'], {}, { start: 'full' });
    for (const player of ['a', 'b']) full.join(player);
    assert.equal(phaseOf(full), 'waiting');
    full.join('c');
    assert.equal(phaseOf(full), 'playing', 'one seat is free, and nobody may take it');

    const ready = reservedFor(['a', 'b', 'c'], {}, { start: 'ready' });
    for (const player of ['a', 'b']) ready.join(player);
    for (const player of ['a', 'b']) assert.equal(ready.act(seatOf(ready, player), '$ready'), 'ok');
    assert.equal(phaseOf(ready), 'waiting');
    assert.equal(serve(ready, '$kick', { player: 'c' }), 'ok');
    assert.equal(phaseOf(ready), 'playing', 'who is kicked is not awaited');

    for (const restrictions of [{}, { startsIncomplete: true as const }]) {
      const host = reservedFor(['a', 'b', 'c'], restrictions, { start: 'host' });
      for (const player of ['c', 'b']) host.join(player);
      assert.equal(host.act(2, '$start'), restrictions.startsIncomplete ? 'ok' : 'not-now');
      if (!restrictions.startsIncomplete) assert.equal(serve(host, '$start'), 'ok');
      assert.equal(phaseOf(host), 'playing');
      assert.deepEqual(seated(host), ['b', 'c', null, null], 'seats of a match have no gaps');
    }
  });

  it('[X2] a hold that ends before the match makes the room wait again, and the player gets the same seat', () => {
    const played = reservedFor(['a', 'b'], {}, { start: 'host', away: { hold: 1_000, then: 'leave' } });
    for (const player of ['a', 'b']) played.join(player);
    played.step({ kind: 'away', player: 'a', session: sessionOf('a') });
    played.advance(1_001);
    assert.deepEqual(seated(played), [null, 'b', null, null]);
    assert.equal(played.act(1, '$start'), 'not-now');
    assert.equal(returns(played, 'a'), 'ok');
    assert.equal(played.act(1, '$start'), 'ok');
    assert.deepEqual(seated(played), ['a', 'b', null, null]);
  });

  it('[X2] [S5] the next match is for those who are still there; in a late game a listed player comes back to the own seat', () => {
    const played = reservedFor(['a', 'b', 'c'], { spectators: 'listed' }, { start: 'host', late: true });
    for (const player of ['a', 'b', 'c']) played.join(player);
    assert.equal(played.act(0, '$start'), 'ok');
    leave(played, 'b');
    assert.equal(played.join('eve'), 'reserved');
    assert.equal(returns(played, 'b'), 'ok');
    assert.deepEqual(seated(played), ['a', 'b', 'c', null]);
    leave(played, 'b');
    assert.equal(serve(played, '$end', { ranking: [[0, 1, 2]] }), 'ok');
    assert.equal(played.act(0, '$start'), 'ok');
    assert.deepEqual(seated(played), ['a', 'c', null, null]);
    assert.equal(played.join('b', 'third-session-of-b'), 'ok', 'the own seat is taken: another one');
    assert.deepEqual(seated(played), ['a', 'c', 'b', null]);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[S5f] the next match waits for a listed player who is away', () => {
    const played = reservedFor(['a', 'b', 'c'], {}, { start: 'ready', away: { hold: 60_000, then: 'leave' } });
    for (const player of ['a', 'b', 'c']) played.join(player);
    assert.equal(serve(played, '$start'), 'ok');
    assert.equal(serve(played, '$end', { ranking: [[0, 1, 2]] }), 'ok');
    played.step({ kind: 'away', player: 'c', session: sessionOf('c') });
    played.advance(30_000);
    for (const seat of [0, 1]) assert.equal(played.act(seat, '$rematch'), 'ok');
    played.advance(20_000);
    assert.equal(phaseOf(played), 'ended');
    assert.deepEqual(seated(played), ['a', 'b', 'c', null]);
  });

  it('[X2] [H4] assigned teams stay, whoever comes first; bots and others fill the teams up', () => {
    const restrictions = { teams: [1, 1, 0, null] };
    const played = reservedFor(['a', 'b', 'c', 'd'], restrictions, { start: 'host', teams });
    assert.equal(played.join('d'), 'ok');
    assert.equal(played.room.doc.room.seats[3]!.team, 0, 'two are awaited in the other team');
    for (const player of ['c', 'b', 'a']) played.join(player);
    const teamsOf = () => played.room.doc.room.seats.map(s => s?.team ?? null);
    assert.deepEqual(teamsOf(), [1, 1, 0, 0]);
    assert.equal(played.act(0, '$team', { team: 0 }), 'not-now');
    assert.equal(played.act(3, '$team', { team: 1 }), 'ok');
    assert.equal(played.act(3, '$start'), 'ok');
    assert.deepEqual(teamsOf(), [1, 1, 0, 1]);
    const filled = reservedFor(['a', 'b'], { teams: [0, 0] }, { start: 'host', teams }, 2);
    filled.join('b');
    assert.deepEqual(seated(filled), [null, 'b', '$bot-1', '$bot-2']);
    assert.deepEqual(
      filled.room.doc.room.seats.map(s => s?.team ?? null),
      [null, 0, 1, 1],
    );
  });
});
