import { parseArgs, type ParseArgsConfig } from 'node:util';
import { RejoinError } from '../../shared/errors.ts';

/** The command line is wrong; the message says what is. */
export class UsageError extends RejoinError {
  override readonly name = 'UsageError';
  override readonly code = 'bad-usage';
}

/** An option of a command. `value`: its placeholder in the help; without one, the option is a switch. */
export interface OptionSpec {
  readonly value?: string;
  readonly default?: string;
  readonly help: string;
  /** Not in the help: for the commands' own use. */
  readonly hidden?: boolean;
}

/** A command, as the help shows it. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Placeholder of the one positional argument. */
  readonly file: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Further lines of the help. */
  readonly notes?: readonly string[];
}

/** What was given: the positional argument, and the options by name. */
export interface CommandLine {
  readonly file: string;
  readonly text: (option: string) => string | undefined;
  readonly isSet: (option: string) => boolean;
}

/** @returns 'help' if help was asked for @throws UsageError */
export function parseCommand(spec: CommandSpec, args: readonly string[]): CommandLine | 'help' {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { value, default: fallback }] of Object.entries(spec.options))
    options[name] = {
      type: value === undefined ? 'boolean' : 'string',
      ...(fallback === undefined ? {} : { default: fallback }),
    };
  let read;
  try {
    read = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(error.message.replace(/\. To specify a positional argument.*$/s, ''));
  }
  const values = read.values as Record<string, string | boolean | undefined>;
  if (values['help'] === true) return 'help';
  const [file, ...more] = read.positionals;
  if (file === undefined) throw new UsageError(`which file? For example: rejoin ${spec.name} ${spec.file}`);
  if (more.length > 0) throw new UsageError(`one file only, not also ${more.join(', ')}`);
  return {
    file,
    text: option => (typeof values[option] === 'string' ? values[option] : undefined),
    isSet: option => values[option] === true,
  };
}

/** A number of the command line. @throws UsageError */
export function readNumber(
  line: CommandLine,
  option: string,
  { min, max, integer = true }: { min: number; max: number; integer?: boolean },
): number {
  const text = line.text(option) ?? '';
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max) || (integer && !Number.isInteger(value)))
    throw new UsageError(`--${option}: a ${integer ? 'whole number' : 'number'} from ${min} to ${max}, not '${text}'`);
  return value;
}

/** The help of a command. */
export function helpOf(spec: CommandSpec): string {
  const entries = Object.entries(spec.options)
    .filter(([, { hidden }]) => hidden !== true)
    .map(
      ([name, { value, default: fallback, help }]) =>
        [
          `--${name}${value === undefined ? '' : ` ${value}`}`,
          `${help}${fallback === undefined ? '' : ` (${fallback})`}`,
        ] as const,
    );
  const rows = [...entries, ['--help', 'this text'] as const];
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `rejoin ${spec.name} ${spec.file} [options]`,
    '',
    spec.summary,
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    ...(spec.notes === undefined ? [] : ['', ...spec.notes]),
    '',
  ].join('\n');
}
