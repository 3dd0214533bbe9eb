const LEVELS: Readonly<Record<number, { readonly word: string; readonly colour: number }>> = {
  10: { word: 'trace', colour: 90 },
  20: { word: 'debug', colour: 90 },
  30: { word: 'info ', colour: 32 },
  40: { word: 'WARN ', colour: 33 },
  50: { word: 'ERROR', colour: 31 },
  60: { word: 'FATAL', colour: 35 },
};
const SAID_ELSEWHERE = new Set(['level', 'time', 'pid', 'hostname', 'name', 'node', 'msg', 'err']);
const NAME_COLOURS = [36, 33, 35, 34, 32, 96, 93, 95];

/** What a child wrote, as one or more lines that a person can read: `node-1 │ 12:00:00.000 info  listening port=3001`. */
export function readable(name: string, line: string, colours: boolean): string {
  const paint = (colour: number, text: string) => (colours ? `\x1b[${colour}m${text}\x1b[0m` : text);
  const prefix = paint(nameColour(name), `${name.padEnd(8)}│ `);
  return body(line, paint)
    .split('\n')
    .map((part) => prefix + part)
    .join('\n');
}

function body(line: string, paint: (colour: number, text: string) => string): string {
  const entry = parsed(line);
  if (entry === undefined) return tidied(line);
  const level = LEVELS[Number(entry['level'])] ?? { word: String(entry['level']), colour: 0 };
  const time = typeof entry['time'] === 'number' ? `${new Date(entry['time']).toISOString().slice(11, 23)} ` : '';
  const fields = Object.entries(entry)
    .filter(([key]) => !SAID_ELSEWHERE.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = `${paint(90, time)}${paint(level.colour, level.word)} ${String(entry['msg'] ?? '')}${paint(90, fields.join(''))}`;
  const trace = (entry['err'] as { stack?: unknown } | undefined)?.stack;
  return typeof trace === 'string' ? `${message}\n${trace}` : message;
}

/** A line of JSON with a level is a node's log entry; anything else is shown as it came. */
function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'level' in entry ? (entry as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Drops the date and the process id with which redis and nginx begin a line. */
function tidied(line: string): string {
  return line
    .replace(/^\d+:[A-Z] \d+ \w+ \d{4} ([\d:.]+) /, '$1 ')
    .replace(/^\d{4}\/\d\d\/\d\d ([\d:]+) (\[\w+\]) \d+#\d+: /, '$1 $2 ');
}

/**
 * Whether a line is worth a person's attention. Redis and nginx tell about each step of an ordinary start; of theirs, only
 * complaints are shown.
 */
export function worthShowing(name: string, line: string): boolean {
  if (/^(redis|sentinel)/.test(name)) return / # /.test(line) && !/ # (oO0Oo|Redis version|Configuration loaded|Server initialized|WARNING Memory overcommit)/.test(line);
  if (name === 'nginx') return !/\[(notice|info|debug)\]/.test(line);
  return true;
}

function nameColour(name: string): number {
  const sum = [...name].reduce((all, letter) => all + letter.charCodeAt(0), 0);
  return NAME_COLOURS[sum % NAME_COLOURS.length] ?? 36;
}
