import type { MessagePort } from 'node:worker_threads';
import type { RuleRun } from '../../runtime/ports.ts';
import type { HangReport } from '../store.ts';
import type { HangReportRequest } from './operations.ts';

/**
 * Sends hang reports from the hang detector's thread to the database's thread. Neither needs the main thread, which
 * runs the hung rule.
 */
export class FileHangReports {
  readonly connected = Promise.resolve();
  private readonly waiting = new Map<number, (reply: string) => void>();
  private lastId = 0;

  constructor(private readonly port: MessagePort) {
    port.on('message', ({ id, reply }: { id: number; reply: string }) => {
      this.waiting.get(id)?.(reply);
      this.waiting.delete(id);
    });
  }

  /** As Store.reportHang, with `id` as the id of the run. */
  report(run: RuleRun, id: string): Promise<string> {
    const { input, rule, player, session, n, who } = run;
    return this.send(run, id, JSON.stringify({ id, input, rule, player, session, n, who } satisfies HangReport));
  }

  /** As Store.withdrawHangReport. */
  withdraw(run: RuleRun, id: string): Promise<string> {
    return this.send(run, id, null);
  }

  private send({ room, seq }: RuleRun, run: string, report: string | null): Promise<string> {
    const id = ++this.lastId;
    this.port.postMessage({ id, room, seq, run, report } satisfies HangReportRequest);
    return new Promise(resolve => {
      this.waiting.set(id, resolve);
    });
  }
}
