const LEVELS: Readonly<Record<number, { readonly word: string; readonly color: number }>> = {
  10: { word: 'trace', color: 90 },
  20: { word: 'debug', color: 90 },
  30: { word: 'info ', color: 32 },
  40: { word: 'WARN ', color: 33 },
  50: { word: 'ERROR', color: 31 },
  60: { word: 'FATAL', color: 35 },
};
const SHOWN_SEPARATELY = new Set(['level', 'time', 'pid', 'hostname', 'name', 'node', 'msg', 'err']);
const NAME_COLORS = [36, 33, 35, 34, 32, 96, 93, 95];

/** Formats a line of a process for people, as one or more lines: `node-1 │ 12:00:00.000 info  listening port=3001`. */
export function formatLine(name: string, line: string, useColors: boolean): string {
  const paint = (color: number, text: string) => (useColors ? `\x1b[${color}m${text}\x1b[0m` : text);
  const prefix = paint(colorOf(name), `${name.padEnd(8)}│ `);
  return formatBody(line, paint)
    .split('\n')
    .map(part => prefix + part)
    .join('\n');
}

function formatBody(line: string, paint: (color: number, text: string) => string): string {
  const entry = parseEntry(line);
  if (entry === undefined) return stripPrefix(line);
  const level = LEVELS[Number(entry['level'])] ?? { word: String(entry['level']), color: 0 };
  const time = typeof entry['time'] === 'number' ? `${new Date(entry['time']).toISOString().slice(11, 23)} ` : '';
  const fields = Object.entries(entry)
    .filter(([key]) => !SHOWN_SEPARATELY.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = `${paint(90, time)}${paint(level.color, level.word)} ${String(entry['msg'] ?? '')}${paint(90, fields.join(''))}`;
  const trace = (entry['err'] as { stack?: unknown } | undefined)?.stack;
  return typeof trace === 'string' ? `${message}\n${trace}` : message;
}

/** Parses a node's log entry (JSON with a level); undefined for any other line. */
function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'level' in entry
      ? (entry as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the date and process id from lines of Redis and nginx. */
function stripPrefix(line: string): string {
  return line
    .replace(/^\d+:[A-Z] \d+ \w+ \d{4} ([\d:.]+) /, '$1 ')
    .replace(/^\d{4}\/\d\d\/\d\d ([\d:]+) (\[\w+\]) \d+#\d+: /, '$1 $2 ');
}

/**
 * Whether a line is shown. Redis and nginx log each step of a normal start; of theirs, only warnings and errors are
 * shown.
 */
export function isWorthShowing(name: string, line: string): boolean {
  if (/^(redis|sentinel)/.test(name))
    return (
      / # /.test(line) &&
      !/ # (oO0Oo|Redis version|Configuration loaded|Server initialized|WARNING Memory overcommit)/.test(line)
    );
  if (name === 'nginx') return !/\[(notice|info|debug)\]/.test(line);
  return true;
}

function colorOf(name: string): number {
  const sum = [...name].reduce((all, letter) => all + letter.charCodeAt(0), 0);
  return NAME_COLORS[sum % NAME_COLORS.length] ?? 36;
}
