import { createInterface } from 'node:readline/promises';
import { CreateError } from './create-error.ts';

/** Asks questions on the terminal. Ctrl-C or Ctrl-D ends the command. */
export class Prompts {
  private readonly lines = createInterface({ input: process.stdin, output: process.stdout });
  private readonly canceled: Promise<never>;

  constructor() {
    this.canceled = new Promise((_, reject) => {
      this.lines.once('close', () => reject(new CreateError('Canceled: nothing was created.')));
    });
    this.canceled.catch(() => {}); // it also rejects when the answers are complete
  }

  close(): void {
    this.lines.close();
  }

  /** Asks until `problemOf` accepts the answer. An empty answer is the default. */
  async text(question: string, fallback: string, problemOf: (answer: string) => string | null): Promise<string> {
    for (;;) {
      const answer = (await this.ask(`${question} (${fallback}): `)).trim() || fallback;
      const problem = problemOf(answer);
      if (problem === null) return answer;
      process.stdout.write(`  ${problem}\n`);
    }
  }

  /** Asks for one of a list, by number or name. */
  async choice<T extends { name: string; summary: string }>(question: string, choices: readonly T[]): Promise<T> {
    process.stdout.write(`\n${question}\n${choices.map(({ summary }, i) => `  ${i + 1}  ${summary}\n`).join('')}`);
    const find = (answer: string) => choices[Number(answer) - 1] ?? choices.find(({ name }) => name === answer);
    const answer = await this.text('Number', '1', text =>
      find(text) ? null : `a number from 1 to ${choices.length}, please`,
    );
    return find(answer)!;
  }

  async confirm(question: string): Promise<boolean> {
    const answer = await this.text(`\n${question}`, 'yes', text => (/^(y|yes|n|no)$/i.test(text) ? null : 'yes or no'));
    return /^y/i.test(answer);
  }

  private ask(question: string): Promise<string> {
    return Promise.race([this.lines.question(question), this.canceled]);
  }
}
