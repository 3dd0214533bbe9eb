import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds on the machine's monotonic clock: the same for all processes of a lab. */
export const clock = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/**
 * What a process of the lab has seen, one file a room: lines of JSON, appended. A room is checked by itself, so that a
 * run of any length is checked in the memory of its largest room.
 */
export class Records {
  private readonly waiting = new Map<string, string[]>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly folder: string,
    private readonly suffix: string,
  ) {
    mkdirSync(folder, { recursive: true });
    this.timer = setInterval(() => this.flush(), 250);
    this.timer.unref();
  }

  put(room: string, line: readonly unknown[]): void {
    const text = JSON.stringify(line);
    const lines = this.waiting.get(room);
    if (lines) lines.push(text);
    else this.waiting.set(room, [text]);
  }

  flush(): void {
    for (const [room, lines] of this.waiting)
      appendFileSync(join(this.folder, `${room}.${this.suffix}.jsonl`), `${lines.join('\n')}\n`);
    this.waiting.clear();
  }

  close(): void {
    clearInterval(this.timer);
    this.flush();
  }
}
