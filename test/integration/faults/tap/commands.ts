/** One command of an append-only file: its words. */
export type Command = Buffer[];

const newline = 10;

/**
 * Reads the commands in `data` that are there in whole, and transactions only up to their EXEC.
 * @returns what was done, each step a list of commands that took effect together, and how many bytes that were
 */
export function readCommands(data: Buffer): { steps: Command[][]; used: number } {
  const steps: Command[][] = [];
  let at = 0;
  let used = 0;
  let open: Command[] | null = null;

  /** The number in a line that begins with `mark`; null where the line is not there in whole. */
  const number = (mark: string): number | null => {
    if (at < data.length && data[at] !== mark.charCodeAt(0))
      throw new Error(
        `an append-only file with ${JSON.stringify(data.toString('latin1', at, at + 20))} where ${mark} is expected`,
      );
    const end = data.indexOf(newline, at);
    if (end < 0) return null;
    const value = Number(data.toString('latin1', at + 1, end - 1));
    at = end + 1;
    return value;
  };
  const command = (): Command | null => {
    const words = number('*');
    if (words === null) return null;
    const read: Command = [];
    for (let i = 0; i < words; i++) {
      const length = number('$');
      if (length === null || at + length + 2 > data.length) return null;
      read.push(data.subarray(at, at + length));
      at += length + 2;
    }
    return read;
  };

  while (at < data.length) {
    const one = command();
    if (!one) break;
    const name = one[0]!.toString().toUpperCase();
    if (name === 'MULTI') open = [];
    else if (name === 'EXEC') {
      steps.push(open ?? []);
      open = null;
    } else if (open) open.push(one);
    else steps.push([one]);
    if (!open) used = at;
  }
  return { steps, used };
}
