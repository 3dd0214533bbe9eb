import assert from 'node:assert/strict';
import { RoomMembers } from '../../server/rooms/actor/room-members.ts';
import { OwnerCache } from '../../server/routing/owner-cache.ts';
import { limits } from '../../shared/limits.ts';

const member = (player: string, watch = false) => ({ player, session: `session-of-${player}`, watch });
const at = (node: string, conn: string) => ({ node, conn });
const ada = { player: 'ada', session: 'session-of-ada' };
const report = (conn: string, player: string) => ({ conn, ...member(player) });

describe('members of a room', () => {
  it('[S2] a node says who is there: who is not named any more is gone', () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 0);
    members.add(at('b', '1'), member('bob'), 0);
    members.report('a', [], 1_000);
    assert.deepEqual(
      members.list().map(m => m.player),
      ['bob'],
      'it speaks for its own alone',
    );
    members.report('a', [report('2', 'ada')], 2_000);
    assert.ok(members.has(ada));
  });

  it('[S2] who joined a moment ago is not gone because a report was written before that', () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 5_000);
    members.report('a', [], 5_002);
    assert.ok(members.has(ada));
    members.report('a', [], 6_002);
    assert.ok(!members.has(ada));
  });

  it('[S2] whose node says nothing for 4 s is gone', () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 0);
    members.report('a', [report('1', 'ada')], 3_000);
    members.expire(3_000 + limits.presenceTimeout);
    assert.equal(members.size, 1);
    members.expire(3_001 + limits.presenceTimeout);
    assert.equal(members.size, 0);
  });

  it('[S2] with two connections of one session, the first that goes is not missed', () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 0);
    members.add(at('b', '7'), member('ada'), 0);
    assert.equal(members.remove(at('a', '1'), ada), false);
    assert.equal(members.remove(at('b', '7'), ada), true);
  });

  it("[S2] [S1] a session that somebody else says is not the player's", () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 0);
    members.add(at('a', '2'), { ...ada, player: 'eve', watch: true }, 0);
    assert.equal(members.remove(at('a', '1'), ada), true);
    assert.ok(!members.has(ada));
    assert.deepEqual(members.ofSession(ada), []);
  });

  it('[O22] are at home where nine of ten players are, whoever watches; nowhere if nobody plays', () => {
    const members = new RoomMembers();
    const seat = (node: string, count: number, watch = false) => {
      for (let i = 0; i < count; i++) members.add(at(node, `${node}${watch}${i}`), member(`${node}${i}`, watch), 0);
    };
    assert.equal(members.majorityNode, null);
    seat('b', 5, true);
    assert.equal(members.majorityNode, null);
    seat('a', 8);
    assert.equal(members.majorityNode, 'a');
    seat('c', 1);
    assert.equal(members.majorityNode, null, 'eight of nine');
    seat('a', 9);
    assert.equal(members.majorityNode, 'a', 'nine of ten');
    seat('b', 1);
    assert.equal(members.majorityNode, null);
  });

  it('counts who watches', () => {
    const members = new RoomMembers();
    members.add(at('a', '1'), member('ada'), 0);
    members.add(at('a', '2'), member('eve', true), 0);
    assert.equal(members.watchers, 1);
  });
});

describe('directory', () => {
  it('forgets the least recently set first, and never more than it must', () => {
    const directory = new OwnerCache();
    const owner = (node: string) => ({ node, token: 't', term: 1, seq: 0 });
    for (let i = 0; i < limits.ownerCacheEntries; i++) directory.set(`r${i}`, owner('a'));
    directory.set('r0', owner('b'));
    directory.set('one more', owner('a'));
    assert.equal(directory.get('r0')?.node, 'b');
    assert.equal(directory.get('r1'), undefined);
    assert.ok(directory.get('r2'));
  });
});
