/** A sorted set of strings. */
export class SortedKeys {
  private readonly keys: string[] = [];

  add(key: string): void {
    const at = this.from(key);
    if (this.keys[at] !== key) this.keys.splice(at, 0, key);
  }

  delete(key: string): void {
    const at = this.from(key);
    if (this.keys[at] === key) this.keys.splice(at, 1);
  }

  /** The first key at or after `from` that begins with `prefix`. */
  first(prefix: string, from = prefix): string | undefined {
    const key = this.keys[this.from(from)];
    return key?.startsWith(prefix) ? key : undefined;
  }

  /** The first `most` keys after `key`. */
  after(key: string, most: number): string[] {
    const at = this.from(key);
    const start = this.keys[at] === key ? at + 1 : at;
    return this.keys.slice(start, start + most);
  }

  /** Index of the first key that is not less than `key`. */
  private from(key: string): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get size(): number {
    return this.keys.length;
  }
}
