import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { readConfig, redisOptionsOf } from '../config.ts';
import { startHangDetector } from '../ops/hang-detector.ts';
import { createLog, noLog } from '../ops/log.ts';
import { noMeter } from '../ops/metrics.ts';
import { realClock } from '../runtime/real-ports.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import type { HangDetector } from '../runtime/ports.ts';
import { checkRedis } from '../store/redis-check.ts';
import { createLocator, type RedisOptions } from '../store/redis-locator.ts';
import { RedisStore } from '../store/redis-store.ts';
import { RedisUnusableError } from '../store/redis-unusable-error.ts';
import type { Store } from '../store/store.ts';
import { helpOf, parseCommand, readNumber, type CommandSpec } from './command-line.ts';
import { checkStoredRoom, startProblems } from './check-rooms.ts';
import { exitCodes } from './exit-codes.ts';
import { loadGamesFile, type GamesFile } from './games-file.ts';

export const spec: CommandSpec = {
  name: 'check',
  summary:
    'Checks games before a release: their start, and with REDIS_URL, the rooms and settings of that Redis. Changes nothing.',
  file: './games.js',
  options: {
    rooms: { value: 'N', default: '1000', help: 'how many stored rooms to read at most' },
  },
  notes: [
    'Each room is read as a node with these games would read it: its journal, the migration of its state, every view.',
    'Settings such as REDIS_URL come from the environment. Exit codes: 0 nothing found, 1 problems, 69 no Redis, 78 settings.',
  ],
};

/** Ms after which Redis counts as unreachable. */
const REDIS_TIMEOUT_MS = 10_000;
const MAX_SHOWN_ROOMS = 20;
/** Ms after which rules that do not return end the process; stderr says which room and game were read. */
const HANG_AFTER_MS = 10_000;

/** `rejoin check` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const mostRooms = readNumber(line, 'rooms', { min: 1, max: 1_000_000 });
  const file = await loadGamesFile(line.file);
  const config = readConfig(process.env);
  const redis = redisOptionsOf(config);
  const report = new Report();
  const hangDetector = startHangDetector({
    node: 'check',
    hangAfter: HANG_AFTER_MS,
    reports: null,
    log: createLog('check', 'error'),
  });
  await hangDetector.started;
  checkGames(file, hangDetector, report);
  if (redis === undefined) report.note('redis', 'not checked: neither REDIS_URL nor REDIS_SENTINELS is set');
  else await checkRedisAndRooms(file.games, { redis, prefix: config.KEY_PREFIX, mostRooms, hangDetector }, report);
  await hangDetector.stop();
  process.exitCode = report.finish();
}

/** Prints what was checked, one line each. */
class Report {
  private problems = 0;

  ok(subject: string, text: string): void {
    process.stdout.write(`ok       ${subject}: ${text}\n`);
  }
  note(subject: string, text: string): void {
    process.stdout.write(`note     ${subject}: ${text}\n`);
  }
  problem(subject: string, text: string): void {
    this.problems++;
    process.stdout.write(`PROBLEM  ${subject}: ${text}\n`);
  }
  /** @returns the exit code */
  finish(): number {
    process.stdout.write(`\n${this.problems === 0 ? 'No problems.' : `Problems: ${this.problems}`}\n`);
    return this.problems === 0 ? 0 : exitCodes.failed;
  }
}

function checkGames({ games, effects }: GamesFile, hangDetector: HangDetector, report: Report): void {
  for (const game of games) {
    const { name, def } = game.contract;
    const { version, seats, effects: declared = {} } = def as ContractDef;
    const problems = runWatched(hangDetector, name, 'the start of a match', '', () => startProblems(game));
    for (const effect of Object.keys(declared))
      if (typeof effects[name]?.[effect] !== 'function')
        problems.push(`effect '${effect}' has no handler: export const effects = { '${name}': { ${effect}: … } }`);
    for (const problem of problems) report.problem(name, problem);
    if (problems.length === 0)
      report.ok(
        name,
        `version ${version}, a match starts with ${[...new Set([seats.min, seats.max])].join(' and ')} players`,
      );
    if (version > 1 && game.rules.migrate === undefined)
      report.note(
        name,
        `version ${version} without migrate: rooms with a state of an older version will be quarantined`,
      );
  }
}

/** @throws RedisUnusableError when it is not reached */
async function checkRedisAndRooms(
  games: readonly AnyGame[],
  {
    redis,
    prefix,
    mostRooms,
    hangDetector,
  }: { redis: RedisOptions; prefix: string; mostRooms: number; hangDetector: HangDetector },
  report: Report,
): Promise<void> {
  const parts = { clock: realClock, log: noLog, meter: noMeter, prefix };
  const locator = createLocator(redis, parts);
  const store = new RedisStore({ ...parts, locator, waitReplicas: 0 });
  try {
    await connected(store, locator.name);
    const warnings: string[] = [];
    const log = { ...noLog, warn: (_fields: object, text: string) => void warnings.push(text) };
    const problems = await checkRedis(store, log, redis.waitReplicas ?? 0);
    for (const problem of problems) report.problem('redis', problem);
    for (const warning of warnings) report.problem('redis', warning);
    if (problems.length + warnings.length === 0) report.ok('redis', `${locator.name} is fit to hold rooms`);
    await checkRooms(games, store, { mostRooms, hangDetector }, report);
  } finally {
    locator.close();
    await store.close();
  }
}

async function connected(store: RedisStore, name: string): Promise<void> {
  let timer: { cancel(): void } | undefined;
  try {
    await Promise.race([
      store.connect(),
      new Promise<never>((_resolve, reject) => {
        timer = realClock.after(REDIS_TIMEOUT_MS, () =>
          reject(
            new RedisUnusableError(
              `${name} was not reached within ${REDIS_TIMEOUT_MS / 1_000} s${store.problem === null ? '' : `: ${store.problem}`}`,
              'unreachable',
            ),
          ),
        );
      }),
    ]);
  } finally {
    timer?.cancel();
  }
}

async function checkRooms(
  games: readonly AnyGame[],
  store: Store,
  { mostRooms, hangDetector }: { mostRooms: number; hangDetector: HangDetector },
  report: Report,
): Promise<void> {
  const byName = new Map(games.map(game => [game.contract.name, game]));
  let [read, migrated, other, failed] = [0, 0, 0, 0];
  for await (const id of storedRooms(store, mostRooms)) {
    const room = await store.peek(id);
    const game = byName.get(room?.game.split('@')[0] ?? '');
    if (room === null) continue; // it expired in the meantime
    if (game === undefined) {
      other++;
      continue;
    }
    read++;
    const { problems, migratedFrom } = runWatched(hangDetector, room.game, `the reading of room ${id}`, '', () =>
      checkStoredRoom(game, room),
    );
    if (migratedFrom !== null) migrated++;
    if (problems.length === 0) continue;
    if (++failed <= MAX_SHOWN_ROOMS)
      for (const problem of problems) report.problem(`room ${id} (${room.game})`, problem);
  }
  if (failed > MAX_SHOWN_ROOMS) report.problem('rooms', `${failed - MAX_SHOWN_ROOMS} further rooms have problems`);
  report.ok('rooms', `${read - failed} of ${read} can be continued, ${migrated} of them after a migration`);
  if (other > 0) report.note('rooms', `${other} of other games were not read`);
}

/** Ids of rooms with connected players, of rooms with a deadline, and of public rooms; at most `most`. */
async function* storedRooms(store: Store, most: number): AsyncGenerator<string> {
  const seen = new Set<string>();
  const isNew = (id: string): boolean => {
    if (seen.has(id) || seen.size >= most) return false;
    seen.add(id);
    return true;
  };
  for (let after: string | null = ''; after !== null && seen.size < most;) {
    const page = await store.occupied(after, 200);
    for (const { id } of page.rooms) if (isNew(id)) yield id;
    after = page.next;
  }
  for (let skip = 0; seen.size < most; skip += 200) {
    const page = await store.due(Number.MAX_SAFE_INTEGER, 200, skip);
    for (const { id } of page) if (isNew(id)) yield id;
    if (page.length < 200) break;
  }
  for (const { id } of await store.list(null, Math.min(most, 1_000))) if (isNew(id)) yield id;
}
