import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { Slot } from "../../core/slots.ts";
import type { ControlledTime } from "./agreed-resources.ts";

/** What nothing is asked of by a time, a battery or panels: it is under control while it is told something else than its own way. */
export const isOnlyTold = ({ demand, storage, curtailment }: Resource): boolean =>
  demand === undefined && (storage !== undefined || curtailment !== undefined);

/** Times in which a list has it not go its own way, neighbours joined. Pure. */
export function toldSpans({ failsafeMode }: Pick<Resource, "failsafeMode">, { instructions }: InstructionList): Slot[] {
  const spans: Slot[] = [];
  for (const { operationModeId, executionTime, validUntil } of instructions) {
    if (operationModeId === failsafeMode) continue;
    const [startMs, endMs] = [Date.parse(executionTime), Date.parse(validUntil)];
    const last = spans.at(-1);
    if (last?.endMs === startMs) last.endMs = endMs;
    else spans.push({ startMs, endMs });
  }
  return spans;
}

/**
 * Times in which such a resource has been under control until now, each list as long as no other one came. No rewards hang on
 * them, so nothing else writes them down; a contract counts them all the same. Pure.
 * @param plans of the home, oldest first
 */
export function begunSpans(
  resource: Resource,
  plans: readonly { list: InstructionList; atMs: number }[],
  nowMs: number,
): ControlledTime[] {
  const own = plans.filter(({ list }) => list.resource === resource.resource);
  const spans: Slot[] = [];
  for (const [index, { list, atMs }] of own.entries())
    for (const { startMs, endMs } of toldSpans(resource, list)) {
      const [fromMs, untilMs] = [Math.max(startMs, atMs), Math.min(endMs, own[index + 1]?.atMs ?? Infinity)];
      if (fromMs >= untilMs || fromMs > nowMs) continue;
      const last = spans.at(-1);
      if (last && last.endMs >= fromMs) last.endMs = Math.max(last.endMs, untilMs);
      else spans.push({ startMs: fromMs, endMs: untilMs });
    }
  return spans.map((span) => ({ resource: resource.resource, ...span }));
}
