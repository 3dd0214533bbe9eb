import { edit, type Ablation } from './ablation.ts';

const store = 'server/store/file/file-store.ts';
const database = 'server/store/file/database.ts';
const restart = 'test/unit/store/file-restart.test.ts';

/** The store of a node without Redis. */
export const file: readonly Ablation[] = [
  {
    name: 'the file is not waited for',
    why: 'a player has a verdict that the next process does not know',
    hunt: { test: restart, grep: '[J21]' },
    edits: [edit(store, 'await this.connection.committed();', '')],
  },
  {
    name: 'a failed file is answered from memory',
    why: 'what is ahead of the file is told to players',
    hunt: { test: restart, grep: '[J21]' },
    edits: [edit(store, 'this.connection.checkOpen(); return this.table;', 'return this.table;')],
  },
  {
    name: 'rooms keep the owner of an ended process',
    why: 'nobody can claim them until that owner is declared dead',
    hunt: { test: restart, grep: 'the rooms have no owner' },
    edits: [edit(store, '!hasFailed && record.node !== null', 'hasFailed && record.node !== null')],
  },
  {
    name: 'hang reports outlive the entries after them',
    why: 'a rule that did not hang is refused after a restart',
    hunt: { test: restart, grep: '[R8]' },
    edits: [
      edit(
        store,
        'Object.assign(record, { seq, hangReports: [] } satisfies Partial<RoomRecord>)',
        'Object.assign(record, { seq } satisfies Partial<RoomRecord>)',
      ),
    ],
  },
  {
    name: 'two processes open one file',
    why: 'two nodes take rooms from each other, each with half of the facts',
    hunt: { test: restart, grep: 'another one has it' },
    edits: [edit(database, `this.db.pragma('locking_mode = EXCLUSIVE');`, '')],
  },
  {
    name: 'heartbeats are not stored',
    why: 'turn clocks run out while the node is down',
    hunt: { test: restart, grep: '[T5]' },
    edits: [edit(store, 'rooms > 0 && now', 'rooms < 0 && now')],
  },
];
