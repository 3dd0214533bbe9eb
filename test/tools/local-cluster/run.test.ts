import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RecordedProcess } from '../../../tools/local-cluster/leftovers.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { argumentsFor, compileSources } from '../../../tools/compile.ts';
import { waitUntilGone, FAKE_NODE } from './helpers.ts';

const PAGE = /Play: +(http:\S+)/;
const CONTROL = /Control: +http:\S+#\/control\/(\S+)/;

/** What `npm run cluster` runs, compiled, in a folder of its own and on free ports. */
class Launch {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly #waiting = new Set<(line: string) => void>();

  constructor(
    readonly folder: string,
    ...options: string[]
  ) {
    const args = [...argumentsFor('tools/local-cluster/run.ts'), '--nodes', '2', '--port', '0', '--control-port', '0'];
    this.process = spawn(
      process.execPath,
      [...args, '--run-dir', folder, '--script', FAKE_NODE, '--no-build', ...options],
      {
        cwd: packageRoot,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.process.stdout, this.process.stderr]) {
      createInterface({ input: stream! }).on('line', line => {
        this.lines.push(line);
        for (const look of [...this.#waiting]) look(line);
      });
    }
  }

  /** The first group of the first line, past or to come, that matches. */
  async sees(pattern: RegExp, from = 0): Promise<string> {
    const past = this.lines.slice(from).find(line => pattern.test(line));
    if (past !== undefined) return pattern.exec(past)?.[1] ?? '';
    return await new Promise((resolve, reject) => {
      const give = (): void => reject(new Error(`ended without ${String(pattern)}:\n${this.lines.join('\n')}`));
      this.process.once('exit', give);
      const look = (line: string) => {
        const found = pattern.exec(line);
        if (found === null) return;
        this.#waiting.delete(look);
        this.process.off('exit', give);
        resolve(found[1] ?? '');
      };
      this.#waiting.add(look);
    });
  }

  async recorded(): Promise<RecordedProcess[]> {
    return JSON.parse(await readFile(join(this.folder, 'children.json'), 'utf8')) as RecordedProcess[];
  }
  async pids(): Promise<number[]> {
    return (await this.recorded()).map(({ pid }) => pid);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    this.process.kill(signal);
    await once(this.process, 'close');
    return this.process.exitCode;
  }
}

describe('npm run cluster', () => {
  before(() => compileSources());
  let folder: string;
  const launches: Launch[] = [];
  const launch = (...options: string[]) => {
    const one = new Launch(folder, ...options);
    launches.push(one);
    return one;
  };

  beforeEach(async () => {
    await mkdir(join(packageRoot, '.run'), { recursive: true });
    folder = await mkdtemp(join(packageRoot, '.run', 'test-'));
  });
  afterEach(async () => {
    await Promise.all(launches.splice(0).map(one => one.end('SIGTERM')));
    await rm(folder, { recursive: true, force: true });
  });

  it('says where to play, names every line, and leaves nothing on Ctrl-C', async () => {
    const run = launch();
    const page = await run.sees(PAGE);
    await run.sees(/Ctrl-C stops everything/);
    assert.equal((await fetch(page)).status, 200);
    assert.ok(run.lines.some(line => /^node-1 +│ .* info +listening port=\d+$/.test(line)));
    const pids = await run.pids();
    assert.equal(pids.length, 4);
    assert.equal(await run.end('SIGINT'), 0);
    assert.equal(run.lines.at(-1), 'Stopped.');
    await waitUntilGone(folder, pids);
  });

  it('is ended by Ctrl-C while it starts, too', async () => {
    const run = launch();
    await run.sees(/Starting Redis/);
    assert.equal(await run.end('SIGINT'), 0);
    assert.equal(run.lines.at(-1), 'Stopped.');
  });

  it('leaves nothing when it is killed with -9, a frozen node included', async () => {
    const run = launch();
    await run.sees(/Ctrl-C stops everything/);
    const pids = await run.pids();
    process.kill(pids.at(-2)!, 'SIGSTOP');
    await run.end('SIGKILL');
    await waitUntilGone(folder, pids);
  });

  it('starts again right after a kill -9, in the same folder and with the same secret', async () => {
    const run = launch();
    const secretOf = async (page: string) =>
      ((await (await fetch(`${page}/env`)).json()) as Record<string, string>)['REJOIN_SECRET'];
    const before = await secretOf(await run.sees(PAGE));
    await run.sees(/Ctrl-C stops everything/);
    const pids = await run.pids();
    await run.end('SIGKILL');
    const again = launch();
    assert.equal(await secretOf(await again.sees(PAGE)), before);
    await waitUntilGone(folder, pids);
  });

  it('starts what crashed again, a node or nginx, and leaves a node alone that was killed on purpose', async () => {
    const run = launch();
    const page = await run.sees(PAGE);
    const token = await run.sees(CONTROL);
    await run.sees(/Ctrl-C stops everything/);
    const control = `http://127.0.0.1:${((await (await fetch(`${page}/env`)).json()) as Record<string, string>)['CONTROL_PORT']}`;
    const headers = { 'x-control-token': token };
    const nodes = async () =>
      (await (await fetch(`${control}/nodes`, { headers })).json()) as {
        name: string;
        state: string;
        pid: number | null;
      }[];

    const killed = await fetch(`${control}/nodes/node-1/kill`, { method: 'POST', headers });
    assert.deepEqual(await killed.json(), { ...(await nodes())[0], state: 'down', pid: null });
    process.kill((await nodes())[1]?.pid ?? NaN, 'SIGKILL');
    await run.sees(/!!! node-2 .* exited unexpectedly: SIGKILL/);
    await run.sees(/node-2 restarted/);
    assert.deepEqual(
      (await nodes()).map(({ state }) => state),
      ['down', 'up'],
    );

    assert.equal((await fetch(`${control}/nodes/node-1/restart`, { method: 'POST', headers })).status, 200);
    assert.deepEqual(
      (await nodes()).map(({ state }) => state),
      ['up', 'up'],
    );

    // nginx's first process alone: its workers would keep the port.
    process.kill((await run.recorded()).find(({ name }) => name === 'nginx')?.pid ?? NaN, 'SIGKILL');
    await run.sees(/!!! nginx .* exited unexpectedly: SIGKILL/);
    await run.sees(/nginx restarted/);
    assert.equal((await fetch(`${page}/env`)).status, 200);
  });

  it('routes as it is told to, and says so', async () => {
    const run = launch('--routing', 'room');
    const page = new URL(await run.sees(PAGE));
    assert.equal(page.search, '?by-room');
    await run.sees(/Routing: +by room/);
    await run.sees(/Ctrl-C stops everything/);
    const who = async (room: string) =>
      ((await (await fetch(`${page.origin}/who?room=${room}`)).json()) as { name: string }).name;
    const names = await Promise.all(Array.from({ length: 40 }, (_, i) => who(`r${i}`)));
    assert.deepEqual(new Set(names), new Set(['node-1', 'node-2']));
    assert.deepEqual(await Promise.all(names.map((_, i) => who(`r${i}`))), names);
  });

  it('refuses a routing that there is not', async () => {
    const run = launch('--routing', 'mood');
    await run.sees(/--routing: one of address, room, least_conn, random, not "mood"/);
    await once(run.process, 'close');
    assert.equal(run.process.exitCode, 1);
  });

  it('refuses what it does not understand', async () => {
    const run = launch('--nodes', 'many');
    await run.sees(/--nodes: a whole number from 1 to 24, not "many"/);
    await once(run.process, 'close');
    assert.equal(run.process.exitCode, 1);
  });

  it('says so when its port is taken', async () => {
    const run = launch();
    const page = await run.sees(PAGE);
    await run.sees(/Ctrl-C stops everything/);
    const other = launch('--port', new URL(page).port, '--run-dir', `${folder}/other`);
    await other.sees(/port \d+ is taken; choose another with --port/);
  });
});
