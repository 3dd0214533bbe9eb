// Some of it has an example, and some of it has none: for the test of tools/typedoc-examples.mjs.

/** None. */
export const forgotten = (): number => 1;
/**
 * One.
 * @example
 * ```ts
 * remembered()
 * ```
 */
export const remembered = (): number => 2;

/** A class. */
export class Thing {
  /** None. */
  readonly onChange: (fn: () => void) => () => void = () => () => {};
  /** Nothing that is called. */
  readonly size = 3;
  /** None. */
  turn(): void {}
  /**
   * One.
   * @example
   * ```ts
   * new Thing().stop()
   * ```
   */
  stop(): void {}
  /** @internal */
  inner(): void {}
}

/** None: it is written by others, and nobody sees how. */
export interface Door {
  /** Opens. */
  open(): void;
}
/**
 * One for all of it.
 * @example
 * ```ts
 * const lock: Lock = { turn: () => {} }
 * ```
 */
export interface Lock {
  /** Turns. */
  turn(): void;
}

/** What is given, not called. */
export interface Options {
  /** Asked, not called by people. */
  size?: () => number;
}
/** None. */
export type Reader = (text: string) => number;
