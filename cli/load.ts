import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyGame } from '../shared/contract.ts';
import {
  helpOf,
  parseCommand,
  readNumber,
  UsageError,
  type CommandLine,
  type CommandSpec,
} from '../server/cli/command-line.ts';
import { exitCodes } from '../server/cli/exit-codes.ts';
import { loadGamesFile } from '../server/cli/games-file.ts';
import { ConfigError } from '../server/config.ts';
import { LoadPlayer, type LoadCounts } from './load-player.ts';
import { cpuSecondsOf } from './server-cpu.ts';

export const spec: CommandSpec = {
  name: 'load',
  summary:
    'Plays a game with many real clients, as its `bot` rule does, against running servers, and reports times and errors.',
  file: './games.js',
  options: {
    url: { value: 'URL', default: 'http://localhost:3000', help: 'the servers, as players reach them' },
    path: { value: 'PATH', help: 'the BASE_PATH of the servers' },
    game: { value: 'NAME', help: 'the game, if the file exports several' },
    players: { value: 'N', default: '100', help: 'number of players' },
    rate: { value: 'R', default: '1', help: 'moves per second of each player' },
    seconds: { value: 'S', default: '30', help: 'how long all players play' },
    ramp: { value: 'R', default: '50', help: 'players that connect per second' },
    metrics: {
      value: 'URLS',
      help: "/metrics of every node, comma-separated, for the servers' CPU time (URL/metrics)",
    },
  },
  notes: [
    'Limits count by address: set TRUST_PROXY on the servers so that this machine counts as a proxy, as loopback does on one machine.',
    'METRICS_TOKEN is sent to /metrics. Exit codes: 0 no action failed, 1 some did, 69 no player reached the servers.',
  ],
};

/** Times that are kept for percentiles; beyond, each replaces a random earlier one. */
const MAX_SAMPLES = 200_000;

/** Time (ms) after the last player was started within which one has to join. */
const JOIN_TIMEOUT_MS = 15_000;

/** Verdicts that a load test causes in a healthy system: the game refuses a move, or the match ended meanwhile. */
const isExpected = (game: AnyGame, code: string): boolean =>
  code === 'not-playing' || (game.contract.def as { refusals?: readonly string[] }).refusals?.includes(code) === true;

/** `rejoin load` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const options = {
    url: readUrl(line.text('url')!, '--url'),
    path: line.text('path'),
    players: readNumber(line, 'players', { min: 1, max: 20_000 }),
    rate: readNumber(line, 'rate', { min: 0.01, max: 50, integer: false }),
    seconds: readNumber(line, 'seconds', { min: 1, max: 86_400 }),
    ramp: readNumber(line, 'ramp', { min: 1, max: 1_000 }),
  };
  const metrics = (line.text('metrics') ?? `${options.url.replace(/\/$/, '')}${options.path ?? ''}/metrics`)
    .split(',')
    .map(url => readUrl(url.trim(), '--metrics'));
  const game = await chooseGame(line);

  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every player listens
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const tally = new Tally();
  print(`${options.players} players of ${game.contract.name} connect to ${options.url}, ${options.ramp} per second …`);
  const playing: Promise<void>[] = [];
  for (let index = 0; index < options.players && !stop.signal.aborted; index++) {
    playing.push(new LoadPlayer({ ...options, game, index, counts: tally, signal: stop.signal }).play());
    await sleep(1_000 / options.ramp, stop.signal);
  }
  for (const patience = performance.now() + JOIN_TIMEOUT_MS; !tally.isAnswered && !stop.signal.aborted;) {
    if (performance.now() > patience) {
      process.stderr.write(`no player joined a room at ${options.url} within ${JOIN_TIMEOUT_MS / 1_000} s\n`);
      process.exit(exitCodes.unavailable);
    }
    await sleep(100, stop.signal);
  }
  print(`All are started; measuring for ${options.seconds} s …`);
  tally.reset();
  const [before, own, began] = [await cpuSecondsOf(metrics), process.cpuUsage(), performance.now()];
  await sleep(options.seconds * 1_000, stop.signal);
  const seconds = (performance.now() - began) / 1_000;
  const after = await cpuSecondsOf(metrics);
  const { user, system } = process.cpuUsage(own);
  stop.abort();
  await Promise.race([Promise.all(playing), pause(5_000)]);
  print(tally.report({ game, seconds, cpu: { before, after }, ownCpu: (user + system) / 1e6 }));
  // Connections that are still closing must not keep the process.
  process.exit(tally.exitCode(game));
}

/** @throws ConfigError */
async function chooseGame(line: CommandLine): Promise<AnyGame> {
  const { games } = await loadGamesFile(line.file);
  const names = games.map(({ contract }) => contract.name).join(', ');
  const wanted = line.text('game');
  if (wanted === undefined && games.length > 1)
    throw new UsageError(`${line.file} exports several games; choose one with --game: ${names}`);
  const game = wanted === undefined ? games[0] : games.find(({ contract }) => contract.name === wanted);
  if (game === undefined) throw new UsageError(`--game: there is no '${wanted ?? ''}', only ${names}`);
  if (game.rules.bot === undefined)
    throw new ConfigError(
      `${line.file}: '${game.contract.name}' has no bot rule. Players of a load test move as the bot does.`,
    );
  return game;
}

/** @throws UsageError */
function readUrl(text: string, option: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`${option}: an http or https URL, not '${text}'`);
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal }).catch(() => {});
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Times, of which a random sample is kept. */
class Times {
  private readonly samples: number[] = [];
  count = 0;

  add(ms: number): void {
    this.count++;
    if (this.samples.length < MAX_SAMPLES) this.samples.push(ms);
    else {
      const at = Math.floor(Math.random() * this.count);
      if (at < MAX_SAMPLES) this.samples[at] = ms;
    }
  }
  /** p50, p99 and maximum, for people. */
  summary(): string {
    const sorted = [...this.samples].sort((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
    return sorted.length === 0 ? 'none' : `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`;
  }
}

class Tally implements LoadCounts {
  private actions = new Times();
  private readonly joins = new Times();
  private readonly refusals = new Map<string, number>();
  private readonly joinFailures = new Map<string, number>();
  private readonly botFailures = new Map<string, number>();
  private inputs = 0;
  private matches = 0;

  /** Whether the servers have answered: a join, or the refusal of one. */
  get isAnswered(): boolean {
    return this.joins.count > 0 || this.joinFailures.size > 0;
  }
  /** Forgets the moves of the ramp; joins and failures are kept. */
  reset(): void {
    this.actions = new Times();
    [this.inputs, this.matches] = [0, 0];
  }
  answered(result: Parameters<LoadCounts['answered']>[0], ms: number): void {
    this.actions.add(ms);
    if (!result.ok) increment(this.refusals, result.code);
  }
  joined(ms: number): void {
    this.joins.add(ms);
  }
  joinFailed(code: string): void {
    increment(this.joinFailures, code);
  }
  inputsSent(count: number): void {
    this.inputs += count;
  }
  matchEnded(): void {
    this.matches++;
  }
  botFailed(error: unknown): void {
    increment(this.botFailures, error instanceof Error ? error.message : String(error));
  }

  exitCode(game: AnyGame): number {
    if (this.joins.count === 0) return exitCodes.unavailable;
    const failed = [...this.refusals.keys()].some(code => !isExpected(game, code));
    return failed || this.joinFailures.size > 0 || this.botFailures.size > 0 ? exitCodes.failed : 0;
  }

  report({
    game,
    seconds,
    cpu: { before, after },
    ownCpu,
  }: {
    game: AnyGame;
    seconds: number;
    cpu: { before: Awaited<ReturnType<typeof cpuSecondsOf>>; after: Awaited<ReturnType<typeof cpuSecondsOf>> };
    ownCpu: number;
  }): string {
    const perSecond = (count: number) => `${count} (${(count / seconds).toFixed(1)} per second)`;
    const refused = [...this.refusals];
    const rows = [
      ['joins', `${this.joins.count}, ${this.joins.summary()}`],
      ['actions', `${perSecond(this.actions.count)}, ${this.actions.summary()}`],
      ...(this.inputs > 0 ? [['inputs', perSecond(this.inputs)] as const] : []),
      ['matches left', String(this.matches)],
      ['refused by rules', listOf(refused.filter(([code]) => isExpected(game, code)))],
      ['failed', listOf([...refused.filter(([code]) => !isExpected(game, code)), ...this.joinFailures])],
      ...(this.botFailures.size > 0 ? [['bot threw', listOf([...this.botFailures])] as const] : []),
      [
        'server CPU',
        before.ok && after.ok
          ? `${((100 * (after.seconds - before.seconds)) / seconds).toFixed(0)} % of a core, ${before.nodes} ${before.nodes === 1 ? 'node' : 'nodes'}`
          : `unknown: ${before.ok ? (after.ok ? '' : after.why) : before.why}`,
      ],
      ['CPU of this command', `${((100 * ownCpu) / seconds).toFixed(0)} % of a core`],
    ] as const;
    const width = Math.max(...rows.map(([name]) => name.length)) + 2;
    return ['', ...rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`), ''].join('\n');
  }
}

const increment = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

const listOf = (counts: readonly (readonly [string, number])[]): string =>
  counts.length === 0 ? 'none' : counts.map(([key, count]) => `${key} ${count}`).join(', ');
