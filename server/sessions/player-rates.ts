import { checkLimits, limits } from '../../shared/limits.ts';
import { formatProblems } from '../../shared/contract-checks.ts';
import type { Rate } from './token-bucket.ts';

/** How much one player may send to a node: `burst` at once, then `perSecond`. What is left out stays as it is. */
export interface PlayerLimits {
  /** Actions, joins, heartbeats and all other requests. More are refused with `slow-down`. Default: 80, then 40 a second. */
  requests?: Partial<Rate>;
  /** Messages with inputs. More are dropped. Default: 90, then 60 a second. */
  inputs?: Partial<Rate>;
  /** Signals. More are dropped. Default: 12, then 4 a second. */
  signals?: Partial<Rate>;
}

const kinds = ['requests', 'inputs', 'signals'] as const satisfies (keyof PlayerLimits)[];
export type PlayerRates = Readonly<Record<(typeof kinds)[number], Rate>>;

/** The rates of players, with the defaults filled in. @throws TypeError that lists everything that is wrong */
export function playerRatesOf(given: PlayerLimits = {}): PlayerRates {
  const problems: string[] = [];
  const rates = { requests: limits.requests, inputs: limits.inputs, signals: limits.signals } as Record<string, Rate>;
  for (const [kind, rate] of Object.entries(given as Record<string, unknown>)) {
    if (!Object.hasOwn(rates, kind)) problems.push(`there is no '${kind}': ${kinds.join(', ')}`);
    else if (typeof rate !== 'object' || rate === null) problems.push(`${kind}: { burst, perSecond }`);
    else {
      for (const [part, value] of Object.entries(rate))
        if (part !== 'burst' && part !== 'perSecond') problems.push(`${kind} has no '${part}': burst, perSecond`);
        else if (typeof value !== 'number' || !Number.isFinite(value) || value < (part === 'burst' ? 1 : 0.01))
          problems.push(`${kind}.${part}: a number from ${part === 'burst' ? 1 : 0.01}, not ${String(value)}`);
      rates[kind] = { ...rates[kind]!, ...(rate as Partial<Rate>) };
    }
  }
  if (problems.length === 0) problems.push(...checkLimits({ ...limits, ...rates } as unknown as typeof limits));
  if (problems.length > 0) throw new TypeError(formatProblems('limits', problems));
  return rates as PlayerRates;
}
