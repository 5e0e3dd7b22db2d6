import type { InstructionList } from "../../core/message/instruction.ts";
import { localTimeOf } from "../../core/slots.ts";

const dayMs = 24 * 3_600_000;

/**
 * The next spans of each resource in local time: when it runs, or for what runs by itself when it is held back.
 * @param nowMs spans that have ended, or begin a day later and so would look like today's, are left out
 */
export function describePlan(lists: readonly InstructionList[], nowMs: number, zone: string): string {
  const parts = lists.map(({ resource, instructions }) => {
    const coming = instructions.filter(
      ({ executionTime, validUntil }) => Date.parse(validUntil) > nowMs && Date.parse(executionTime) < nowMs + dayMs,
    );
    const totalMs = (mode: string): number =>
      coming
        .filter(({ operationModeId }) => operationModeId === mode)
        .reduce((sum, { executionTime, validUntil }) => sum + Date.parse(validUntil) - Date.parse(executionTime), 0);
    // The rarer state is the one worth saying.
    const mode = totalMs("on") <= totalMs("off") ? "on" : "off";
    const spans = coming
      .filter(({ operationModeId }) => operationModeId === mode)
      .slice(0, 2)
      .map(
        ({ executionTime, validUntil }) =>
          `${localTimeOf(Date.parse(executionTime), zone)}-${localTimeOf(Date.parse(validUntil), zone)}`,
      );
    return spans.length === 0 ? `${resource} as it is` : `${resource} ${mode} ${spans.join(" ")}`;
  });
  return parts.join(", ") || "none yet";
}
