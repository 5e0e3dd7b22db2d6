import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Name } from "../../core/message/fields.ts";
import { OverrideMode } from "../../core/message/resource.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { Override } from "./override.ts";

/** The last instant that a date can be written of, ms since 1970. @see ECMA-262, time values */
const lastMs = 8.64e15;

/** What a resident asks for: of which appliance, what, and until when (ms since 1970). */
export const OverrideRequest = z.strictObject({
  resource: Name,
  mode: OverrideMode.exclude(["hold"]),
  untilMs: z.int().min(0).max(lastMs),
});
export type OverrideRequest = z.infer<typeof OverrideRequest>;

const hourMs = 3_600_000;
/** A boost or a pause that was forgotten must end; a holiday may be long. */
const longestMs: Record<OverrideRequest["mode"], number> = {
  boost: 24 * hourMs,
  pause: 7 * 24 * hourMs,
  holiday: 92 * 24 * hourMs,
};

/**
 * The override that a request means, from now on. Pure.
 * @throws AppError override-malformed, override-unknown-resource, override-bad-end
 */
export function acceptOverride(request: unknown, resources: readonly string[], nowMs: number): Override {
  const { resource, mode, untilMs } = parseAs(OverrideRequest, request, "override-malformed");
  assertKnown(resource, resources);
  if (untilMs <= nowMs || untilMs > nowMs + longestMs[mode])
    throw new AppError(
      "override-bad-end",
      `a ${mode} until ${iso(untilMs)}; its end must be to come, and at most ${longestMs[mode] / hourMs} h away`,
    );
  return { resource, mode, fromMs: nowMs, untilMs };
}

/** @throws AppError override-unknown-resource */
export function assertKnown(resource: string, resources: readonly string[]): void {
  if (!resources.includes(resource))
    throw new AppError("override-unknown-resource", `no appliance "${resource}"; there are: ${resources.join(", ") || "none"}`);
}
