import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseCommand, readNumber, UsageError, type CommandSpec } from '../../server/cli/command-line.ts';
import { readGamesFile } from '../../server/cli/games-file.ts';
import { withLoggedEffects } from '../../server/cli/start.ts';
import { ConfigError } from '../../server/config.ts';
import { ignoredSettings, optionsFromEnv } from '../../server/options-from-env.ts';
import { noLog } from '../../server/ops/log.ts';
import { createServer } from '../../server/server.ts';
import { contract, state } from '../../shared/contract.ts';
import { fourInARowGame } from '../../shared/games/four-in-a-row/rules.ts';
import { liarsDiceGame } from '../../shared/games/liars-dice/rules.ts';

describe('the command line of `rejoin`', () => {
  const spec: CommandSpec = {
    name: 'run',
    summary: '',
    file: './game.js',
    options: { fast: { help: '' }, players: { value: 'N', default: '2', help: '' } },
  };
  const parsed = (...args: string[]) => {
    const line = parseCommand(spec, args);
    assert.ok(line !== 'help');
    return line;
  };

  it('has one file and options', () => {
    const line = parsed('a.js', '--fast', '--players', '5');
    assert.deepEqual(
      [line.file, line.isSet('fast'), readNumber(line, 'players', { min: 1, max: 9 })],
      ['a.js', true, 5],
    );
    assert.equal(readNumber(parsed('a.js'), 'players', { min: 1, max: 9 }), 2);
    assert.equal(parseCommand(spec, ['a.js', '-h']), 'help');
  });

  it('that is wrong is a UsageError', () => {
    for (const args of [[], ['a', 'b'], ['a', '--slow'], ['a', '--players'], ['a', '--fast=1']])
      assert.throws(() => parsed(...args), UsageError, args.join(' '));
    for (const text of ['', 'x', '0', '10', '2.5'])
      assert.throws(
        () => readNumber(parsed('a', `--players=${text}`), 'players', { min: 1, max: 9 }),
        UsageError,
        text,
      );
  });
});

describe('a games file', () => {
  const read = (exported: Record<string, unknown>) => readGamesFile('games.js', exported);
  const names = (exported: Record<string, unknown>) => read(exported).games.map(({ contract: { name } }) => name);

  it('exports games by any name, in arrays and Maps, and each counts once', () => {
    assert.deepEqual(names({ contract: fourInARowGame.contract, game: fourInARowGame }), ['four-in-a-row']);
    assert.deepEqual(names({ default: fourInARowGame, game: fourInARowGame }), ['four-in-a-row']);
    assert.deepEqual(names({ games: [fourInARowGame, liarsDiceGame], helper: () => 1 }), [
      'four-in-a-row',
      'liars-dice',
    ]);
    assert.deepEqual(names({ games: new Map([['four', fourInARowGame]]) }), ['four-in-a-row']);
    assert.deepEqual(names({ default: { game: liarsDiceGame } }), ['liars-dice'], 'CommonJS');
  });

  it('that cannot be used is a ConfigError', () => {
    const other = contract('four-in-a-row', { version: 1, seats: { min: 2, max: 2 }, state: state(), actions: {} });
    const twin = other.rules({ setup: () => ({}), actions: {} });
    for (const [exported, says] of [
      [{}, /exports no game/],
      [{ contract: fourInARowGame.contract }, /exports no game/],
      [{ a: fourInARowGame, b: twin }, /two games with the name 'four-in-a-row'/],
      [{ a: fourInARowGame, effects: 1 }, /effects must be an object/],
      [{ a: fourInARowGame, effects: { chess: {} } }, /there is no game 'chess', only four-in-a-row/],
      [{ a: fourInARowGame, authenticate: {} }, /authenticate must be a function/],
    ] as const)
      assert.throws(
        () => read(exported),
        (error: unknown) => error instanceof ConfigError && says.test(error.message),
      );
  });

  it('may leave effects without handlers in development: they are logged', async () => {
    const scored = contract('scored', {
      version: 1,
      seats: { min: 1, max: 1 },
      state: state(),
      actions: {},
      effects: {
        save: { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: {} }) } },
        mail: { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: {} }) } },
      },
    }).rules({ setup: () => ({}), actions: {} });
    const calls: string[] = [];
    const log = { ...noLog, info: ({ effect }: { effect?: unknown }) => void calls.push(`logged ${String(effect)}`) };
    const file = readGamesFile('games.js', { scored, effects: { scored: { save: () => void calls.push('saved') } } });
    const effects = withLoggedEffects(file)(log);
    await effects['scored']!['save']!({}, {} as never);
    await effects['scored']!['mail']!({}, {} as never);
    assert.deepEqual(calls, ['saved', 'logged mail']);
  });
});

describe('options from the environment', () => {
  const secret = 'kT9vQ2xLw7RzN4mYb8HcJ5sDf3GpUa6E';

  it('are what createServer takes, and where to listen', () => {
    const { log, ...options } = optionsFromEnv({ PORT: '3001', REDIS_URL: 'redis://r:1', REJOIN_SECRET: secret });
    assert.ok(log);
    assert.deepEqual(options, {
      port: 3001,
      host: '0.0.0.0',
      name: 'node',
      secret,
      redis: { url: 'redis://r:1', tls: undefined, waitReplicas: 0 },
      store: undefined,
      keyPrefix: 'rejoin:',
      path: undefined,
      origins: [],
      trustProxy: undefined,
      metricsToken: undefined,
      operatorToken: undefined,
      hangAfter: 1_000,
      dev: false,
    });
    assert.throws(
      () => optionsFromEnv({ PORT: 'x', REDIS_URL: 'y' }),
      (error: unknown) => error instanceof ConfigError && /PORT[^]*REDIS_URL/.test(error.message),
    );
  });

  it('that are set and not passed are ignored settings; an empty one is not set', () => {
    const env = { REDIS_URL: 'redis://r:1', REJOIN_SECRET: secret, METRICS_TOKEN: '', PATH: '/bin', PORT: '80' };
    assert.deepEqual(ignoredSettings(env, {}), ['REDIS_URL', 'REJOIN_SECRET']);
    assert.deepEqual(ignoredSettings(env, { secret, redisUrl: 'redis://r:1' }), []);
    assert.deepEqual(ignoredSettings(env, optionsFromEnv(env)), []);
  });

  it('a server that ignores settings warns, and names them', async () => {
    const warnings: unknown[] = [];
    const log = { ...noLog, warn: (fields: object, text: string) => void warnings.push([fields, text]) };
    process.env['REJOIN_SECRET'] = secret;
    try {
      await (await createServer({ store: 'memory', games: [fourInARowGame], log })).close();
      assert.deepEqual(warnings, [
        [
          { settings: 'REJOIN_SECRET' },
          'environment settings ignored: pass them as options, for example with optionsFromEnv()',
        ],
      ]);
    } finally {
      delete process.env['REJOIN_SECRET'];
    }
  });
});
