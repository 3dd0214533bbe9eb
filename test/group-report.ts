/** What run.ts asks of group.ts … */
export interface GroupOrder {
  readonly files: readonly string[];
  readonly timeout: number;
  readonly grep?: string;
}

/** … and hears from it: after each test, and when `done`. */
export interface GroupReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly done: boolean;
  /** The test that has just begun. */
  readonly running: string;
  /** Which tests failed, and how: said again at the very end, where it is found in a long output. */
  readonly failures: readonly { readonly title: string; readonly how: string }[];
}

/** How long a process may live on after its last test, and how it exits if it lives longer. */
export const LEAK_MS = 10_000;
export const LEAK_EXIT = 86;
