/** Exit codes of the command, besides 0. docs/operations.md says when each occurs. */
export const exitCodes = {
  /** A check found something, an action of a load test failed, or a shutdown did not finish. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A server or a Redis that a command needs was not reached. */
  unavailable: 69,
  /** An error that nothing caught: the state is undefined. */
  uncaught: 70,
  /** A setting, the games file or Redis has to change before another start can succeed. */
  config: 78,
} as const;
