import type { Contract, ContractDef, Rules } from './contract-types.ts';
import { clientLimits as limits } from './client-limits.ts';
import { parseJson } from './parse-json.ts';
import { refusals } from './refusals.ts';
import { utf8Length } from './strict-json.ts';

const gameNamePattern = /^[a-z][a-z0-9-]{0,39}$/;
const identifierPattern = /^[a-zA-Z][a-zA-Z0-9_-]{0,39}$/;

/** Every field a contract may have. Without this check a misspelled `timers` would be ignored. */
const contractFields: Record<keyof ContractDef, true> = {
  version: true,
  clientsFrom: true,
  seats: true,
  state: true,
  view: true,
  options: true,
  metadata: true,
  profile: true,
  actions: true,
  events: true,
  timers: true,
  clocks: true,
  refusals: true,
  inputs: true,
  signals: true,
  effects: true,
  serverActions: true,
  start: true,
  late: true,
  teams: true,
  away: true,
  tick: true,
  replay: true,
};
/** Every field of the nested objects, for the same reason. */
const fieldsOf = {
  seats: ['min', 'max'],
  away: ['after', 'hold', 'then', 'rematch'],
  tick: ['hz', 'durable'],
} as const;
const ruleNames = [
  'setup',
  'actions',
  'tick',
  'joined',
  'away',
  'back',
  'left',
  'bot',
  'view',
  'timers',
  'serverActions',
  'migrate',
];

/** Codes that the client itself gives; the server never sends them. */
const clientCodes = ['left', 'closed'];

type ReportProblem = (what: string) => void;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): boolean =>
  typeof (value as { '~standard'?: { validate?: unknown } } | null | undefined)?.['~standard']?.validate === 'function';
const isIntegerBetween = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/**
 * Names that every object has (`toString`), or that make an object a promise or change its JSON (`then`, `toJSON`),
 * would be found although the contract does not declare them.
 */
const isIdentifier = (word: unknown): boolean =>
  typeof word === 'string' &&
  identifierPattern.test(word) &&
  !(word in {}) &&
  word !== 'then' &&
  word !== 'toJSON' &&
  word !== 'prototype';

/**
 * Returns every problem of a declaration. What passes here, the engine must support. Values may be of any type, because
 * not every author uses a compiler.
 */
export function checkContract(name: string, given: ContractDef): string[] {
  const problems: string[] = [];
  const report: ReportProblem = what => void problems.push(what);
  if (typeof name !== 'string' || !gameNamePattern.test(name) || name in {})
    report('the name must be lower-case letters, digits and dashes, at most 40 characters');
  if (!isRecord(given)) return [...problems, 'a contract is an object'];
  const def = given as Partial<ContractDef> & Record<string, unknown>;
  checkFields('a contract', def, Object.keys(contractFields), report);
  for (const part of ['seats', 'away', 'tick'] as const) checkFields(part, def[part], fieldsOf[part], report);
  if (!isIntegerBetween(def.version, 1, Number.MAX_SAFE_INTEGER)) report('version is a whole number from 1');
  else if (def.clientsFrom !== undefined && !isIntegerBetween(def.clientsFrom, 1, def.version!))
    report('clientsFrom is a version up to this one');
  checkSeats(def, report);
  checkNames(def, report);
  checkRefusals(def, report);
  checkTime(def, report);
  for (const key of ['late', 'replay'])
    if (def[key] !== undefined && typeof def[key] !== 'boolean') report(`${key} is true or false`);
  if (def.start !== undefined && !['full', 'ready', 'host'].includes(def.start))
    report("start is 'full', 'ready' or 'host'");
  for (const key of ['profile', 'metadata'] as const)
    if (def[key] !== undefined && !isSchema(def[key])) report(`${key} is not a Standard Schema`);
  checkOptions(def, report);
  return problems;
}

function checkFields(of: string, part: unknown, known: readonly string[], complain: ReportProblem): void {
  if (isRecord(part))
    for (const key of Object.keys(part))
      if (!known.includes(key)) complain(`${of} has no '${key}': ${known.join(', ')}`);
}

function checkSeats({ seats, teams }: Partial<ContractDef>, complain: ReportProblem): void {
  const { min, max } = isRecord(seats) ? seats : {};
  if (!isIntegerBetween(max, 1, limits.seats) || !isIntegerBetween(min, 1, max!))
    complain(`seats: 1 ≤ min ≤ max ≤ ${limits.seats}`);
  if (teams === undefined) return;
  if (!Array.isArray(teams) || teams.length < 2 || teams.length > (max ?? limits.seats))
    complain('teams: from 2 to as many as there are seats');
  else if (
    new Set(teams).size < teams.length ||
    !teams.every(team => typeof team === 'string' && team.trim() !== '' && team.length <= 40)
  )
    complain('teams: different names, up to 40 long');
}

function checkNames(def: Partial<ContractDef>, complain: ReportProblem): void {
  if ((def.actions ?? null) === null) complain('actions are missing');
  for (const kind of ['actions', 'events', 'timers', 'signals', 'effects', 'serverActions'] as const) {
    const schemas: unknown = def[kind] ?? {};
    if (!isRecord(schemas)) complain(`${kind} are schemas by name`);
    else
      for (const [key, schema] of Object.entries(schemas)) {
        if (!isIdentifier(key)) complain(`${kind}: '${key}' is not a name (a letter, then letters, digits, - and _)`);
        if (!isSchema(schema)) complain(`${kind}.${key} is not a Standard Schema`);
      }
  }
  if (Object.keys(def.timers ?? {}).length > limits.timers) complain(`timers: at most ${limits.timers}`);
  const clocks: unknown = def.clocks ?? [];
  if (!Array.isArray(clocks)) complain('clocks are a list');
  else
    for (const clock of clocks)
      if (!def.timers || !Object.hasOwn(def.timers, clock as string))
        complain(`clocks: there is no timer '${String(clock)}'`);
  const inputs: unknown = def.inputs ?? {};
  if (!isRecord(inputs)) return complain('inputs are held(schema) or pressed(), by name');
  if (Object.keys(inputs).length > limits.inputNames) complain(`inputs: at most ${limits.inputNames}`);
  for (const [key, input] of Object.entries(inputs)) {
    if (!isIdentifier(key)) complain(`inputs: '${key}' is not a name`);
    if (!isRecord(input) || (input['kind'] !== 'pressed' && !(input['kind'] === 'held' && isSchema(input['schema']))))
      complain(`inputs.${key}: held(schema) or pressed()`);
  }
  if (def.inputs && !def.tick) complain('inputs are for games with a tick');
}

function checkRefusals({ refusals: codes = [] }: Partial<ContractDef>, complain: ReportProblem): void {
  if (!Array.isArray(codes)) return complain('refusals are a list of codes');
  for (const [i, code] of codes.entries()) {
    if (!isIdentifier(code)) complain(`refusals: '${String(code)}' is not a name`);
    else if (Object.hasOwn(refusals, code) || clientCodes.includes(code))
      complain(`refusals: '${code}' is a reserved refusal code`);
    else if (codes.indexOf(code) < i) complain(`refusals: '${code}' is declared twice`);
  }
}

function checkTime({ tick, away }: Partial<ContractDef>, complain: ReportProblem): void {
  if (tick !== undefined) {
    if (!isRecord(tick) || typeof tick.hz !== 'number' || !(tick.hz > 0 && tick.hz <= limits.tickHz))
      complain(`tick.hz is above 0 and at most ${limits.tickHz}`);
    const durable: unknown = (tick as { durable?: unknown } | null)?.durable ?? 'every';
    const everyMs = isRecord(durable) ? durable['everyMs'] : undefined;
    if (durable !== 'every' && !(typeof everyMs === 'number' && everyMs > 0 && everyMs <= 5_000))
      complain("tick.durable is 'every', or everyMs up to 5,000");
  }
  if (away === undefined) return;
  const {
    after = 0,
    hold,
    then,
    rematch = 'wait',
  } = isRecord(away) ? away : ({} as Partial<NonNullable<ContractDef['away']>>);
  if (typeof after !== 'number' || !(after >= 0 && after <= 60_000))
    complain('away.after is a time in ms, at most 60,000');
  if (typeof hold !== 'number' || !(hold >= 0 && hold <= limits.longestTimer))
    complain('away.hold is a time in ms, at most 366 days');
  if (!['forfeit', 'leave', 'bot'].includes(then as string)) complain("away.then is 'forfeit', 'leave' or 'bot'");
  if (rematch !== 'wait') complain("away.rematch is 'wait', or left out");
}

function checkOptions({ options }: Partial<ContractDef>, complain: ReportProblem): void {
  if (options === undefined) return;
  if (!isSchema(options)) return complain('options is not a Standard Schema');
  const empty = parseJson(options, {}, 'options');
  if (!empty.ok)
    return complain(
      empty.isNotJson
        ? `what {} becomes must be JSON: ${empty.detail}`
        : `options must accept {} (give each a default): ${empty.detail}`,
    );
  if (!isRecord(empty.value)) return complain('options: the schema does not produce an object from {}');
  const bytes = utf8Length(JSON.stringify(empty.value));
  if (bytes > limits.optionsBytes)
    complain(`options: the defaults have ${bytes} bytes, at most ${limits.optionsBytes}`);
}

export function checkRules<D extends ContractDef>({ def }: Contract<D>, given: Rules<D>): string[] {
  const problems: string[] = [];
  const rules = given as unknown as Record<string, unknown>;
  if (typeof rules['setup'] !== 'function') problems.push('setup is missing');
  for (const [kind, known] of [
    ['actions', def.actions],
    ['timers', def.timers ?? {}],
    ['serverActions', def.serverActions ?? {}],
  ] as const) {
    const own = isRecord(rules[kind]) ? rules[kind] : {};
    for (const key of Object.keys(known))
      if (typeof own[key] !== 'function') problems.push(`${kind}.${key} is missing`);
    for (const key of Object.keys(own))
      if (!Object.hasOwn(known, key)) problems.push(`${kind}.${key} is not in the contract`);
  }
  for (const key of Object.keys(rules)) {
    if (!ruleNames.includes(key)) problems.push(`there is no rule '${key}': ${ruleNames.join(', ')}`);
    else if (
      !['setup', 'actions', 'timers', 'serverActions'].includes(key) &&
      rules[key] !== undefined &&
      typeof rules[key] !== 'function'
    )
      problems.push(`${key} is not a function`);
  }
  if (def.tick && typeof rules['tick'] !== 'function') problems.push('tick is missing');
  if (!def.tick && rules['tick'])
    problems.push('the rules have a tick: declare its rate in the contract: tick: { hz: … }');
  if (def.away?.then === 'bot' && !rules['bot']) problems.push('away: then bot, but there is no bot');
  if (def.view && typeof rules['view'] !== 'function') problems.push('view is missing');
  if (!def.view && rules['view']) problems.push('there is a view; name its type in the contract: view: view<…>()');
  return problems;
}

/** One problem becomes a sentence, several become a list. */
export const formatProblems = (of: string, wrong: readonly string[]): string =>
  wrong.length === 1
    ? `${of}: ${wrong[0]!}`
    : `${of}: ${wrong.length} things are wrong:\n${wrong.map(what => `  - ${what}`).join('\n')}`;
