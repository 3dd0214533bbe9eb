import { Crowd, type CrowdCounts, type CrowdOptions } from './crowd.ts';

/** Questions to the load generator, by IPC; it answers each in turn. */
export type Question =
  | { ask: 'sit'; order: CrowdOptions }
  | { ask: 'play' | 'begin' | 'prove' | 'leave' }
  | { ask: 'end' };
export type Answer = { ok: true; counted?: CrowdCounts; faults?: string[] } | { ok: false; why: string };

/** The load generator: a process of its own, the same for all contestants. */
let crowd: Crowd | null = null;

async function answer(question: Question): Promise<Answer> {
  if (question.ask === 'sit') {
    crowd = new Crowd(question.order);
    await crowd.sitDown();
    return { ok: true };
  }
  if (!crowd) throw new Error('nobody has sat down');
  switch (question.ask) {
    case 'play':
      crowd.play();
      return { ok: true };
    case 'begin':
      crowd.begin();
      return { ok: true };
    case 'end':
      return { ok: true, counted: crowd.end() };
    case 'prove':
      return { ok: true, faults: await crowd.verify() };
    case 'leave':
      crowd.leave();
      return { ok: true };
  }
}

process.on('message', (question: Question) => {
  answer(question).then(
    said => process.send!(said),
    (error: unknown) =>
      process.send!({
        ok: false,
        why: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit(0));
