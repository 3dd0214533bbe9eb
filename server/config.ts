import { z } from 'zod';

const number = (min: number, max: number, otherwise: number) => z.coerce.number().int().min(min).max(max).default(otherwise);
const list = z.string().default('').transform(text => text.split(',').map(s => s.trim()).filter(s => s !== ''));

const schema = z.object({
  /** Port of the page and the sockets; 0 takes a free one. */
  PORT: number(0, 65_535, 3000),
  HOST: z.string().min(1).default('0.0.0.0'),
  /** redis:// or rediss://; without it the node keeps everything in its own memory. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  NODE_NAME: z.string().regex(/^[A-Za-z0-9-]{1,32}$/, 'letters, digits and -, at most 32').default('node'),
  /** Signs guests' tokens; the same on all nodes. */
  REJOIN_SECRET: z.string().min(32, 'at least 32 characters').optional(),
  /** Before every key and channel in Redis. */
  KEY_PREFIX: z.string().regex(/^[A-Za-z0-9:_-]{1,32}$/, 'letters, digits, : _ and -, at most 32').default('rejoin:'),
  /** Pages of other origins that may connect, separated by commas; * for all. The node's own is always allowed. */
  ORIGINS: list,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  /** Express's "trust proxy": whose X-Forwarded-For is believed. */
  TRUST_PROXY: z.string().optional(),
  /** Where players of the network find the page, for links and QR codes. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** 1: serves the page for authors at /dev, and with it all that games hide. */
  DEV: z.enum(['0', '1']).transform(text => text === '1').optional(),
  /** After how many ms a rule of a game is taken for hung, and its node ended; `never`: never. */
  HANG_AFTER_MS: z.union([z.literal('never').transform(() => null), z.coerce.number().int().min(200).max(600_000)], 'a number of ms from 200 to 600000, or never').default(1_000),
  /** Who has it may see and release rooms out of play, at /operator. */
  OPERATOR_TOKEN: z.string().min(32, 'at least 32 characters').optional(),
  NODE_ENV: z.string().optional(),
  /** Set by the launcher: where this machine's cluster control listens. */
  CONTROL_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
}).refine(s => s.REDIS_URL === undefined || s.REJOIN_SECRET !== undefined, {
  path: ['REJOIN_SECRET'], message: 'is needed with REDIS_URL: all nodes must sign with the same secret',
  when: () => true, // also beside other complaints, so that all are said at once
}).refine(s => !s.DEV || s.NODE_ENV !== 'production', {
  path: ['DEV'], message: 'is refused where NODE_ENV is production: it shows to everybody what games hide',
  when: () => true,
});

export type Config = z.output<typeof schema>;

/** The settings are wrong; the message lists every complaint, and no value. */
export class BadConfig extends Error { override readonly name = 'BadConfig'; }

/** Reads the settings from an environment. @throws BadConfig with all complaints at once */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== undefined && v !== ''));
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new BadConfig(`The settings are wrong:\n${read.error.issues.map(i => `  ${i.path.join('.')}: ${i.message}`).join('\n')}`);
}
