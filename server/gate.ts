/** Lets so many through at once; the others wait in line. */
export class Gate {
  private inside = 0;
  private readonly line: (() => void)[] = [];
  constructor(private readonly most: number) {}

  /** How many wait. */
  get waiting(): number { return this.line.length; }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside >= this.most) await new Promise<void>(enter => this.line.push(enter));
    else this.inside += 1;
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      if (next) next();
      else this.inside -= 1;
    }
  }
}
