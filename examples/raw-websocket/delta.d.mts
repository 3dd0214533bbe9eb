/** Applies a change in place. Throws if it does not fit. */
export function apply(target: unknown, change: unknown): void;
