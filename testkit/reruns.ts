import type { RoomDocument } from '../server/rooms/core/document.ts';
import type { RoomStep as Step } from '../server/rooms/actor/actor.ts';
import type { Outcome } from '../server/rooms/core/commands.ts';
import { RoomMachine } from '../server/rooms/core/machine.ts';
import type { AnyGame } from '../shared/contract.ts';
import { copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';

/** Steps that became one entry. */
export interface Batch {
  term: number;
  seq: number;
  steps: Step[];
}
/** The visible results of a batch. */
export interface RerunResult {
  doc: RoomDocument;
  outcomes: Outcome[];
  events: readonly { name: string; data: Json; to?: readonly number[] }[];
  failures: string[];
}

/**
 * The batches whose entries are in the journal, in order. An owner that died or was fenced off has run further ones.
 */
export function committedBatches(steps: readonly Step[], head: number): Batch[] {
  const batches: Batch[] = [];
  for (const step of steps) {
    const last = batches.at(-1);
    if (last?.term === step.term && last.seq === step.seq) last.steps.push(step);
    else batches.push({ term: step.term, seq: step.seq, steps: [step] });
  }
  const kept: Batch[] = [];
  for (const batch of batches) {
    if (batch.seq >= head) continue;
    const last = kept.at(-1);
    // the newer owner continued where the older one's entry was not written
    if (last?.seq === batch.seq && batch.term > last.term) kept.pop();
    // steps of a frozen owner were recorded in between
    if (last?.seq === batch.seq && last.term === batch.term) last.steps.push(...batch.steps);
    else if (batch.seq > (kept.at(-1)?.seq ?? -1)) kept.push(batch);
  }
  return kept;
}

export class Rerun {
  readonly room: RoomMachine;
  readonly term: number;
  failures: string[] = [];

  constructor(game: AnyGame, doc: RoomDocument, batch: Batch) {
    this.term = batch.term;
    this.room = new RoomMachine(
      game,
      copy(doc),
      batch.term,
      batch.seq,
      (where, error) => void this.failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
}

export function rerunBatch(rerun: Rerun, batch: Batch): RerunResult {
  rerun.failures = [];
  const outcomes = batch.steps.map(step => rerun.room.step(structuredClone(step.command), step.roomTime));
  const taken = rerun.room.takeEntry();
  return { doc: copy(rerun.room.doc), outcomes, events: taken?.events ?? [], failures: rerun.failures };
}

export const isRevealed = (batch: Batch, reveals: readonly string[]): boolean =>
  batch.steps.some(({ command }) => command.kind === 'act' && reveals.includes(command.name));

export const nameOf = (doc: RoomDocument, player: string): string =>
  doc.room.seats.find(s => s?.player === player)?.name ?? player;

export function refusalOf(outcome: Outcome): unknown {
  return outcome.kind === 'refused' || outcome.kind === 'refusedAction'
    ? [outcome.refusal.code, outcome.refusal.detail ?? '']
    : outcome.kind;
}

/** Due times of the game's timers: connected members see the entries that they cause. */
export const authorTimersOf = ({ hidden }: RoomDocument): Record<string, number> =>
  Object.fromEntries(
    Object.entries(hidden.timers)
      .filter(([name]) => !name.startsWith('$'))
      .map(([name, { at }]) => [name, at]),
  );
