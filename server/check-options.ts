import type { PageOptions } from './http/page-options.ts';
import type { ServerOptions } from './server-options.ts';

/** @returns what is wrong with a value; null: nothing */
type Check = (value: unknown) => string | null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const has = (value: unknown, method: string): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as Readonly<Record<string, unknown>>)[method] === 'function';

const text: Check = value => (typeof value === 'string' ? null : 'must be a string');
const flag: Check = value => (typeof value === 'boolean' ? null : 'must be true or false');
const milliseconds: Check = value => (typeof value === 'number' ? null : 'must be a number of milliseconds');
const object: Check = value => (isObject(value) ? null : 'must be an object');
const anything: Check = () => null;
const withMethods =
  (what: string, ...methods: readonly string[]): Check =>
  value =>
    methods.every(method => has(value, method)) ? null : `must be ${what}`;

const games: Check = value => {
  if (!Array.isArray(value)) return 'must be an array of games: games: [raceGame]';
  const at = (value as readonly unknown[]).findIndex(
    game => !isObject(game) || !('contract' in game && 'rules' in game),
  );
  if (at < 0) return null;
  const isContract = isObject(value[at]) && 'def' in (value[at] as object);
  return `element ${at} is ${isContract ? 'a contract: pass what its rules() returned' : 'no game'}`;
};

/** `*`, or scheme, host and port: what a browser sends as Origin. */
const originPattern = /^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+)$/i;
const origins: Check = value => {
  if (!Array.isArray(value)) return "must be an array: origins: ['https://app.example']";
  const wrong = (value as readonly unknown[]).find(origin => typeof origin !== 'string' || !originPattern.test(origin));
  return wrong === undefined
    ? null
    : `${JSON.stringify(wrong)} is no origin: scheme, host and port without a path, such as https://app.example`;
};

const store: Check = value => {
  if (value === 'memory') return null;
  const known = ['folder', 'sync'];
  if (!isObject(value) || Object.keys(value).length === 0)
    return "must be 'memory', or an object such as { folder: '/var/lib/race' }";
  const unknown = Object.keys(value).find(key => !known.includes(key));
  if (unknown !== undefined) return `has no field '${unknown}': ${known.join(', ')}`;
  if (value['folder'] !== undefined && (typeof value['folder'] !== 'string' || value['folder'] === ''))
    return 'folder: must be a path';
  return value['sync'] === undefined || value['sync'] === 'everysec' || value['sync'] === 'always'
    ? null
    : "sync: must be 'everysec' or 'always'";
};

const checks: Readonly<Record<keyof ServerOptions | keyof PageOptions, Check>> = {
  games,
  secret: text,
  effects: object,
  io: withMethods('a Socket.IO server', 'of', 'close'),
  http: withMethods('an http server', 'listen', 'on'),
  app: withMethods('an Express app', 'use', 'get'),
  path: text,
  namespace: text,
  routesAt: value =>
    value === null
      ? null
      : typeof value === 'string' && value.startsWith('/')
        ? null
        : "must begin with '/', or be null",
  authenticate: value => (typeof value === 'function' ? null : 'must be a function'),
  createRooms: value => (value === 'anyone' || value === 'server' ? null : "must be 'anyone' or 'server'"),
  origins,
  trustProxy: text,
  metricsToken: text,
  store,
  redisUrl: text,
  redis: object,
  keyPrefix: text,
  replayLife: milliseconds,
  dev: flag,
  hangAfter: value => (value === null ? null : milliseconds(value)),
  limits: object,
  operatorToken: text,
  name: text,
  log: withMethods('an object with the functions debug, info, warn and error', 'debug', 'info', 'warn', 'error'),
  pageFolder: anything,
  controlPort: anything,
  publicUrl: anything,
};

/** Checks names and types, for callers without TypeScript. @throws TypeError with all complaints */
export function checkOptions(options: unknown): void {
  if (!isObject(options)) throw new TypeError('createServer: takes an object of options');
  const complaints: string[] = [];
  if (options['games'] === undefined) complaints.push('games: is missing');
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      complaints.push(`there is no option '${name}'${suggestionFor(name)}`);
      continue;
    }
    const complaint = value === undefined ? null : checks[name as keyof typeof checks](value);
    if (complaint !== null) complaints.push(`${name}: ${complaint}`);
  }
  const { effects, games } = options;
  if (isObject(effects) && complaints.length === 0)
    complaints.push(...unknownEffects(effects, games as ServerOptions['games']));
  if (complaints.length > 0) throw new TypeError(complaints.join('; '));
}

function unknownEffects(effects: Readonly<Record<string, unknown>>, games: ServerOptions['games']): string[] {
  return Object.entries(effects).flatMap(([game, handlers]) => {
    const contract = games.find(one => one.contract.name === game)?.contract;
    if (!contract) return [`effects: there is no game '${game}' in games`];
    if (!isObject(handlers)) return [`effects.${game}: must be an object of functions`];
    return Object.keys(handlers)
      .filter(name => !Object.hasOwn(contract.def.effects ?? {}, name))
      .map(name => `effects.${game}: the contract has no effect '${name}'`);
  });
}

/** The option that begins with the same letters, or ends with them. */
function suggestionFor(name: string): string {
  const [start, end] = [name.slice(0, 4).toLowerCase(), name.slice(-4).toLowerCase()];
  const similar = Object.keys(checks).filter(known => {
    const option = known.toLowerCase();
    return option.startsWith(start) || option.endsWith(end);
  });
  return similar.length === 0 ? '' : `: did you mean ${similar.map(option => `'${option}'`).join(' or ')}?`;
}
