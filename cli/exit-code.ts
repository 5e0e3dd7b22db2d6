/** Exit codes of every verb. */
export const exitCode = { good: 0, checkFailed: 1, usage: 2, unreachable: 3 } as const;
