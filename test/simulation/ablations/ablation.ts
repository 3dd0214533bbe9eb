import type { HuntOptions } from '../hunt.ts';

/** A text of a source file and what it becomes. The text must be in the file exactly once, however it is formatted. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

/**
 * Mocha tests that must fail without the rule. `test`: a file from the repository's root; `grep`: a text that the full
 * titles contain.
 */
export interface TestHunt {
  test: string;
  grep: string;
}

/**
 * A rule that is removed from a copy of the sources by text edits. The simulator must notice within `hunt.most` seeds,
 * or the tests of a `TestHunt` must fail.
 */
export interface Ablation {
  name: string;
  why: string;
  edits: readonly Edit[];
  hunt: HuntOptions | TestHunt;
}

export const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });
export const isTestHunt = (hunt: HuntOptions | TestHunt): hunt is TestHunt => 'test' in hunt;
