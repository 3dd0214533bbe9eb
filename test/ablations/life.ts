import { edit, type Ablation } from './ablation.ts';

export const life: readonly Ablation[] = [
  { name: 'a suspended owner judges at once', why: 'it has heard no reports, and takes everybody for away', hunt: { test: 'test/protocol/suspended.test.ts', grep: 'no player who is connected counts as away' }, edits: [edit('server/rooms/attendance.ts', 'this.blindUntil = mono + limits.unseen;', '')] },
  { name: 'a suspended owner believes departures at once', why: 'clients gave up connections that did not answer, and count as away before their new ones are heard', hunt: { test: 'test/protocol/suspended.test.ts', grep: 'no player who is connected counts as away' }, edits: [edit('server/rooms/attendance.ts', 'return wasLast && mono >= this.blindUntil ?', 'return wasLast ?')] },
  { name: 'a replaced hold has the last word', why: 'a client that watches counts as seated, or the reverse', hunt: { test: 'test/protocol/watch-and-sit.test.ts', grep: 'under way does not undo' }, edits: [edit('client/client.ts', 'void before?.pendingJoin?.then(answer => room.joinBehind(answer));', '')] },
  { name: 'a seat that a replaced hold got stays there', why: 'the server shows a player as present whose client has no room', hunt: { test: 'test/protocol/watch-and-sit.test.ts', grep: 'though its earlier room object asks' }, edits: [edit('client/room.ts', `if (answer.ok && answer.seat !== null && answer.session !== this.session && !this.parts.watch) this.ownSessionAgain(refused('session-replaced'));`, '')] },
];
