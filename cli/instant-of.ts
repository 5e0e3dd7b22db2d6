import { AppError } from "../core/app-error.ts";
import { Instant } from "../core/message/fields.ts";

/** An instant that an option has, ms. @throws AppError usage-bad-time */
export function instantOf(option: string, text: string): number {
  if (!Instant.safeParse(text).success)
    throw new AppError("usage-bad-time", `${option} ${text} is no instant such as 2026-11-01T00:00:00Z`);
  return Date.parse(text);
}
