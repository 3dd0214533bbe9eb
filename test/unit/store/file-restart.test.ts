import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { afterEach, describe, it } from 'mocha';
import type { Log } from '../../../server/runtime/ports.ts';
import { DataFolder, DataFolderError } from '../../../server/store/file/data-folder.ts';
import { FileStore, type FileStoreParts } from '../../../server/store/file/file-store.ts';
import { anyPool, StoreError, type NewRoom } from '../../../server/store/store.ts';
import { countingEntropy, silentLog } from '../manual-ports.ts';
import { inProcess } from './database-in-process.ts';
import { FileClock } from './file-clock.ts';

const games = ['game@1'];
const hour = 3_600_000;
const room = (id: string, more: Partial<NewRoom> = {}): NewRoom => ({
  id,
  code: `C${id}`,
  game: 'game@1',
  snapshot: 'snapshot 0',
  life: hour,
  ...more,
});
const claimOf = (token: string, expected: string | null = null) => ({
  token,
  node: `node-of-${token}`,
  expected,
  floor: 0,
  games,
});
const report = (id: string) => ({ id, input: 'act', rule: 'actions.go', player: 'p', session: 's', n: 1, who: '' });

describe('a store in a file', () => {
  const path = mkdtempSync(join(tmpdir(), 'rejoin-restart-'));
  const clock = new FileClock();
  const open: FileStore[] = [];
  const openStore = async (folder = path, more: Partial<FileStoreParts> = {}): Promise<FileStore> => {
    const store = await FileStore.open({
      folder: new DataFolder(folder),
      sync: 'everysec',
      clock,
      entropy: countingEntropy(),
      log: silentLog,
      startThread: inProcess,
      lockPatience: 0,
      ...more,
    });
    open.push(store);
    return store;
  };
  const closeAll = async () => {
    for (const store of open.splice(0)) await store.close();
  };
  const restart = async (): Promise<FileStore> => {
    await closeAll();
    return openStore();
  };
  afterEach(closeAll);
  after(() => rmSync(path, { recursive: true }));

  it('[J20] gives after a restart what it held, and the rooms have no owner', async () => {
    let store = await openStore();
    const summary = {
      id: 'a',
      code: 'Ca',
      game: 'game',
      phase: 'playing' as const,
      open: true,
      seated: 1,
      seats: 2,
      options: { size: 3 },
      names: ['Ada «♟»'],
      since: 5,
    };
    const due = clock.time + 5_000;
    assert.equal(await store.create(room('a', { makers: [{ key: 'ada', most: 1 }] })), 'ok');
    assert.ok((await store.claim('a', claimOf('one'))).ok);
    const quarantined = { why: 'it fails', since: 7 };
    for (let seq = 1; seq <= 3; seq++)
      assert.equal(
        await store.append('a', {
          token: 'one',
          seq,
          entry: `entry ${seq} \0`,
          ...(seq === 2
            ? { due, summary, occupied: true, quarantined, index: { terms: ['all', 'one'], text: '«a»' } }
            : {}),
        }),
        'ok',
      );
    assert.equal(
      await store.snapshot('a', {
        token: 'one',
        seq: 2,
        text: 'snapshot 2',
        keep: 1,
        parts: [{ match: 1, text: 'part' }],
      }),
      'ok',
    );
    await store.keepReplay('a', 7, { text: 'recording', life: hour, most: 8 });
    store = await restart();
    assert.deepEqual(
      {
        owner: { ...(await store.owner('a')), term: 0 },
        byCode: await store.byCode('Ca'),
        list: await store.list('game', 9),
        due: await store.due(due, 9),
        occupied: await store.occupied('', 9),
        indexed: await store.indexed('one', '', 9),
        quarantined: await store.quarantined(9),
        parts: await store.replayParts('a', 1),
        replay: await store.replay('a', 7),
        quota: await store.create(room('b', { makers: [{ key: 'ada', most: 1 }] })),
        exists: await store.create(room('a')),
      },
      {
        owner: { node: null, token: null, term: 0, seq: 3 },
        byCode: 'a',
        list: [summary],
        due: [{ id: 'a', at: due }],
        occupied: { rooms: [{ id: 'a', node: null }], next: null },
        indexed: { rooms: [{ id: 'a', text: '«a»' }], next: null },
        quarantined: [{ id: 'a', code: 'Ca', game: 'game', ...quarantined }],
        parts: ['part'],
        replay: 'recording',
        quota: { over: { key: 'ada', most: 1 } },
        exists: 'exists',
      },
    );
    assert.equal(await store.append('a', { token: 'one', seq: 4, entry: 'late' }), 'fenced');
    const claimed = await store.claim('a', claimOf('two'));
    assert.ok(claimed.ok);
    assert.deepEqual(
      [claimed.seq, claimed.snapshot, claimed.snapshotSeq, claimed.firstSeq, claimed.entries, claimed.previous?.node],
      [3, 'snapshot 2', 2, 2, ['entry 2 \0', 'entry 3 \0'], 'node-of-one'],
    );
    assert.ok(claimed.term > claimed.previous!.term, 'a new term is higher than those of the process before');
    assert.equal(await store.remove('a', 'two'), 'ok');
    store = await restart();
    assert.deepEqual(
      [await store.owner('a'), await store.byCode('Ca'), await store.replay('a', 7)],
      [null, null, 'recording'],
    );
  });

  it('[Q5] a quick join that is repeated after a restart gets its room, and its seat is still reserved', async () => {
    let store = await openStore();
    const request = (player: string, id: string) => ({
      game: 'game',
      pool: anyPool,
      player,
      call: `call of ${player}`,
      skip: [],
      search: true,
      prepared: {
        ...room(id),
        offer: { game: 'game', pool: 'p', since: 1, free: 1, present: true, players: [] },
      },
      reserveMs: 60_000,
      rememberMs: 60_000,
      rememberLastMs: hour,
      repeatWithinMs: 2_000,
    });
    assert.deepEqual(await store.findOrCreate(request('ann', 'q1')), { how: 'made', room: 'q1' });
    store = await restart();
    assert.deepEqual(await store.findOrCreate(request('ann', 'q2')), { how: 'found', room: 'q1' });
    assert.deepEqual(await store.findOrCreate(request('bob', 'q3')), { how: 'made', room: 'q3' });
    assert.equal(await store.discard('q1', 'ann'), true);
    assert.equal(await store.discard('q3', 'bob'), true);
  });

  it('[R8] a hang report outlives the process, until an entry is written', async () => {
    let store = await openStore();
    await store.create(room('h'));
    await store.claim('h', claimOf('one'));
    assert.equal(await store.append('h', { token: 'one', seq: 1, entry: 'e' }), 'ok');
    assert.equal(await store.reportHang('h', 1, report('run')), 'ok');
    store = await restart();
    const second = await store.claim('h', claimOf('two'));
    assert.ok(second.ok);
    assert.deepEqual(second.hangReports, [report('run')]);
    assert.equal(await store.append('h', { token: 'two', seq: 2, entry: 'e' }), 'ok');
    store = await restart();
    const third = await store.claim('h', claimOf('three'));
    assert.ok(third.ok);
    assert.deepEqual(third.hangReports, []);
  });

  it('[T5] tells the next process when the last one could write', async () => {
    let store = await openStore();
    await store.create(room('t'));
    await store.claim('t', claimOf('one'));
    const at = clock.time;
    await store.heartbeat({ id: 'node-of-one', at, rooms: 1, outage: null } as never);
    clock.time += 60_000;
    store = await restart();
    const claimed = await store.claim('t', claimOf('two'));
    assert.ok(claimed.ok);
    assert.deepEqual(claimed.previous?.lastHeartbeat, { at, outage: null });
  });

  it('[J21] a full disk refuses what it cannot keep, loses nothing that was acknowledged, and is written again later', async () => {
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, text) => void errors.push(text) };
    const store = await openStore(join(path, 'full'), { maxPages: 60, log });
    let changed = 0;
    store.onIncarnation(() => {
      changed += 1;
    });
    await store.create(room('f'));
    await store.create(room('big'));
    await store.claim('f', claimOf('one'));
    let seq = 0;
    const appended = async () =>
      store.append('f', { token: 'one', seq: seq + 1, entry: 'x'.repeat(20_000) }).then(
        () => {
          seq += 1;
          return true;
        },
        (error: unknown) => {
          assert.ok(error instanceof StoreError && error.unavailable);
          return false;
        },
      );
    while (seq < 1_000 && (await appended()));
    assert.ok(seq > 2);
    await assert.rejects(store.owner('f'), StoreError, 'nothing is answered from a table that is ahead of the file');
    assert.deepEqual(errors, ['store file failed']);
    assert.equal(await store.probe(), true, 'small writes are accepted');
    assert.equal(changed, 1);
    assert.equal((await store.owner('f'))?.seq, seq);
    const again = await store.claim('f', claimOf('two', 'one'));
    assert.ok(again.ok);
    assert.equal(again.entries.length, seq);
    assert.equal(await store.snapshot('f', { token: 'two', seq, text: 's', keep: 0 }), 'ok', 'which makes room');
    assert.equal(await store.append('f', { token: 'two', seq: seq + 1, entry: 'x'.repeat(20_000) }), 'ok');
  });

  describe('that cannot be opened', () => {
    const failing = async (folder: string, message: RegExp, reason: DataFolderError['reason'] = 'unusable') => {
      await assert.rejects(openStore(folder), (error: unknown) => {
        assert.ok(error instanceof DataFolderError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(folder), 'it names the place');
        assert.equal(error.reason, reason);
        return true;
      });
    };
    const folderWith = (name: string, content?: string | Buffer): string => {
      const folder = join(path, name);
      mkdirSync(folder);
      if (content !== undefined) writeFileSync(join(folder, 'rejoin.db'), content);
      return folder;
    };

    it('[J20] says that another one has it, and can be opened when that is closed', async () => {
      const folder = folderWith('locked');
      const first = await openStore(folder);
      await failing(folder, /in use by another process/, 'in-use');
      await first.close();
      await openStore(folder);
    });
    it('says that it is damaged, or of another program', async () => {
      await failing(folderWith('text', 'no database '.repeat(500)), /damaged or no database/);
      const other = folderWith('other');
      const database = new Libsql(join(other, 'rejoin.db'));
      database.exec('CREATE TABLE t (x)');
      database.close();
      await failing(other, /a database of another program/);
      const torn = folderWith('torn');
      const store = await openStore(torn);
      for (let i = 0; i < 50; i++) await store.create(room(`r${i}`, { snapshot: 'x'.repeat(2_000) }));
      await store.close();
      const bytes = readFileSync(join(torn, 'rejoin.db'));
      writeFileSync(join(torn, 'rejoin.db'), bytes.fill(0x55, 4_096));
      await failing(torn, /damaged or no database/);
    });
    it('says that a record in it is damaged', async () => {
      const folder = folderWith('record');
      await (await openStore(folder)).close();
      const database = new Libsql(join(folder, 'rejoin.db'));
      database.exec("INSERT INTO rooms VALUES ('a', '{')");
      database.close();
      await failing(folder, /damaged or no database/);
    });
    it('says that a newer version has written it, and leaves it as it is', async () => {
      const folder = folderWith('newer');
      await (await openStore(folder)).close();
      const file = join(folder, 'rejoin.db');
      const database = new Libsql(file);
      database.exec('PRAGMA user_version = 99');
      database.close();
      const before = readFileSync(file);
      await failing(folder, /newer version of Rejoin \(format 99/);
      assert.ok(before.equals(readFileSync(file)));
    });
    it('says that the folder cannot be created, or not be written', async () => {
      const folder = folderWith('file');
      writeFileSync(join(folder, 'data'), '');
      await failing(join(folder, 'data'), /cannot be created/);
      const other = folderWith('directory');
      mkdirSync(join(other, 'rejoin.db'));
      await failing(other, /cannot be written/);
    });
  });

  it('[W4] the secret of guests stays, is readable by its owner alone, and is refused if it is weak', async () => {
    const folder = new DataFolder(join(path, 'secrets'));
    const secret = folder.secret(() => 'kT9vQ2xLw7RzN4mYb8HcJ5sDf3GpUa6E');
    assert.equal(new DataFolder(folder.path).secret(assert.fail), secret);
    const file = join(folder.path, 'secret');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(folder.file).mode & 0o777, 0o600);
    assert.equal(statSync(folder.path).mode & 0o777, 0o700);
    writeFileSync(file, 'short');
    assert.throws(() => folder.secret(assert.fail), /secret.*cannot be used: at least 32/);
  });
});
