import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readCommands, type Command } from './commands.ts';

const piece = 4 * 1024 * 1024;

export interface AppliedStep {
  /** What took effect together, in the order in which it did. */
  step(commands: Command[]): void;
  /** The server began anew, with all that another had: what that was, as commands. Not told where it is left out. */
  base?(steps: Command[][]): void;
}

/** The append-only file of a server, read as it grows, over rewrites and new beginnings. */
export class AppendOnlyReader {
  private fd: number | null = null;
  private file = 0;
  private offset = 0;
  private from: string | null = null;

  /** @param folder Redis's `appendonlydir` */
  constructor(
    private readonly folder: string,
    private readonly heard: AppliedStep,
  ) {}

  /**
   * Reads to the end of what there is. A rewrite begins another file before it ends, and what is open can be read
   * though it is removed.
   */
  read(): void {
    if (this.fd !== null) this.drain();
    if (this.heard.base) this.begin(this.heard.base);
    for (;;) {
      if (this.fd === null && !this.open(this.file)) return;
      this.drain();
      const next = this.files('incr').find(n => n > this.file);
      if (next === undefined) return;
      this.drain(); // what came between the reading and the looking
      this.close();
      this.file = next;
    }
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  /** A replica that has been given everything has another base, and goes on from there in another file. */
  private begin(tell: (steps: Command[][]) => void): void {
    let base: Buffer;
    let name: string;
    let first: number;
    try {
      const manifest = readFileSync(join(this.folder, 'appendonly.aof.manifest'), 'utf8');
      name = /^file (\S+) seq \d+ type b/m.exec(manifest)?.[1] ?? '';
      first = Number(/^file \S+ seq (\d+) type i/m.exec(manifest)?.[1] ?? 0);
      if (name === '' || name === this.from) return;
      base = readFileSync(join(this.folder, name));
    } catch {
      return; // it is just being written; at the next look
    }
    if (this.fd !== null) this.drain();
    this.close();
    this.from = name;
    this.file = first;
    tell(readCommands(base).steps);
  }

  private files(kind: 'incr'): number[] {
    try {
      return readdirSync(this.folder)
        .flatMap(name => new RegExp(`^appendonly\\.aof\\.(\\d+)\\.${kind}\\.aof$`).exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b);
    } catch {
      return [];
    }
  }

  private open(wanted: number): boolean {
    const n = this.files('incr').find(file => file >= wanted);
    if (n === undefined) return false;
    this.fd = openSync(join(this.folder, `appendonly.aof.${n}.incr.aof`), 'r');
    this.file = n;
    this.offset = 0;
    return true;
  }

  private drain(): void {
    for (let most = piece; ;) {
      const buffer = Buffer.allocUnsafe(most);
      const got = readSync(this.fd!, buffer, 0, most, this.offset);
      const { steps, used } = readCommands(buffer.subarray(0, got));
      this.offset += used;
      for (const step of steps) this.heard.step(step);
      if (got < most) return;
      most = used === 0 ? most * 2 : piece; // a step larger than the piece
    }
  }
}
