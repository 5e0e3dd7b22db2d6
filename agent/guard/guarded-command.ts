declare const guarded: unique symbol;

/**
 * A switching that the guard has allowed. Only the guard makes one, and only these reach a relay.
 * `leaseUntilMs` (monotonic clock) bounds every departure from the safe state; null in the safe state.
 */
export interface GuardedCommand {
  readonly [guarded]: true;
  readonly resource: string;
  readonly on: boolean;
  readonly reason: string;
  readonly leaseUntilMs: number | null;
}

/** For guard.ts alone. */
export function guardedCommand(fields: Omit<GuardedCommand, typeof guarded>): GuardedCommand {
  return fields as GuardedCommand;
}
