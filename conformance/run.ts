import type { AnyGame } from '../shared/contract.ts';
import { Adapter, adapterProtocol, startTimeoutMs } from './harness/adapter.ts';
import { Cluster } from './harness/cluster.ts';
import { ConformanceError } from './harness/failure.ts';
import { conformanceGame, driveGame, volatileDriveGame } from './harness/games.ts';
import { Stage, type Scenario } from './harness/scenario.ts';
import { connectionScenarios } from './scenarios/connections.ts';
import { inputScenarios } from './scenarios/inputs.ts';
import { ownerScenarios } from './scenarios/owners.ts';
import { playScenarios } from './scenarios/play.ts';
import { refusalScenarios } from './scenarios/refusals.ts';

export const scenarios: readonly Scenario[] = [
  ...playScenarios,
  ...connectionScenarios,
  ...ownerScenarios,
  ...refusalScenarios,
  ...inputScenarios,
];

/** What became of one scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  /** What is wrong, most important first. */
  readonly complaints: readonly string[];
  /** The client's last packets. */
  readonly transcript: readonly string[];
  /** The end of the adapter's stderr. */
  readonly stderr: string;
}

export interface ConformanceOptions {
  /** Run only these scenarios. */
  readonly only?: readonly string[];
  /** Scenarios at a time, each with an adapter process of its own. Default 1. */
  readonly jobs?: number;
  /** Time (ms) in which a client has to get somewhere. Default 15,000. */
  readonly patienceMs?: number;
  readonly onResult?: (result: ScenarioResult) => void;
}

/**
 * Drives a client under test through the scenarios.
 * @param command the command of the adapter, with its arguments; or what starts an adapter
 */
export async function runConformance(
  command: readonly string[] | (() => Adapter),
  { only = [], jobs = 1, patienceMs = 15_000, onResult = () => {} }: ConformanceOptions = {},
): Promise<ScenarioResult[]> {
  const waiting = scenarios.filter(({ name }) => only.length === 0 || only.includes(name));
  const results: ScenarioResult[] = [];
  let started = 0;
  const job = async (): Promise<void> => {
    let adapter: Adapter | null = null;
    try {
      for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
        if (!adapter?.isRunning) adapter = typeof command === 'function' ? command() : Adapter.start(command);
        const result = await runScenario(scenario, adapter, { prefix: `s${++started}`, patienceMs });
        results.push(result);
        onResult(result);
      }
    } finally {
      adapter?.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, job));
  return results;
}

async function runScenario(
  scenario: Scenario,
  adapter: Adapter,
  { prefix, patienceMs }: { prefix: string; patienceMs: number },
): Promise<ScenarioResult> {
  const started = performance.now();
  const cluster = new Cluster([conformanceGame, driveGame, volatileDriveGame] as unknown as AnyGame[]);
  const stage = new Stage(adapter, cluster, prefix, patienceMs);
  const complaints: string[] = [];
  let skipped = false;
  try {
    const { features } = await adapter.ask('hello', { protocol: adapterProtocol }, startTimeoutMs);
    skipped = scenario.feature !== undefined && !(Array.isArray(features) && features.includes(scenario.feature));
    if (!skipped) {
      await cluster.start(3);
      await scenario.run(stage);
    }
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
    // An adapter that did not answer may answer later, in the middle of another scenario.
    if (!(error instanceof ConformanceError)) adapter.stop();
  }
  const violations = stage.players.flatMap(({ monitor }) => monitor.violations);
  const transcript = stage.players.flatMap(player => player.transcript());
  await stage.close();
  await cluster.close();
  // Broken rules come first: what a client did wrong explains why it got nowhere.
  complaints.unshift(...new Set(violations));
  const failed = complaints.length > 0;
  return {
    name: scenario.name,
    verdict: skipped ? 'skipped' : failed ? 'failed' : 'passed',
    ms: performance.now() - started,
    complaints,
    transcript: failed ? transcript : [],
    stderr: failed ? adapter.lastWords : '',
  };
}
