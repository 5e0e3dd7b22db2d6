import type { Setting } from "../../core/setting.ts";

declare const guarded: unique symbol;

/**
 * A setting that the guard has allowed. Only the guard makes one, and only these reach an appliance.
 * `leaseUntilMs` (monotonic clock) bounds every departure from the safe state; null in the safe state.
 */
export interface GuardedCommand {
  readonly [guarded]: true;
  readonly resource: string;
  readonly setting: Setting;
  readonly reason: string;
  readonly leaseUntilMs: number | null;
}

/** For guard.ts alone. */
export function guardedCommand(fields: Omit<GuardedCommand, typeof guarded>): GuardedCommand {
  return fields as GuardedCommand;
}
