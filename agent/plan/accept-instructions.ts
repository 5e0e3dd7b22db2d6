import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { InstructionList } from "../../core/message/instruction.ts";
import { parseAs } from "../../core/parse-as.ts";

const longestAheadMs = 7 * 24 * 3_600_000;

/**
 * Checks a list of instructions before it replaces the one in force. Pure.
 * @param topicResource the resource that the topic names
 * @throws AppError instruction-malformed, -unknown-resource, -unknown-mode, -overlap, -expired, -too-far
 */
export function acceptInstructions(
  body: unknown,
  topicResource: string,
  resources: ReadonlySet<string>,
  nowMs: number,
): InstructionList {
  const list = parseAs(InstructionList, body, "instruction-malformed");
  if (list.resource !== topicResource || !resources.has(list.resource))
    throw new AppError(
      "instruction-unknown-resource",
      `resource "${list.resource}" is not here (have: ${[...resources].join(", ") || "none"})`,
    );
  const spans = list.instructions.map(({ executionTime, validUntil, operationModeId }) => {
    if (operationModeId !== "on" && operationModeId !== "off")
      throw new AppError("instruction-unknown-mode", `operation mode "${operationModeId}" is not one of on, off`);
    return { fromMs: Date.parse(executionTime), untilMs: Date.parse(validUntil) };
  });
  if (spans.length > 0 && spans.every(({ untilMs }) => untilMs <= nowMs))
    throw new AppError("instruction-expired", "every instruction of the list has ended already");
  if (spans.some(({ untilMs }) => untilMs > nowMs + longestAheadMs))
    throw new AppError("instruction-too-far", "an instruction ends more than 7 days from now");
  const sorted = spans.toSorted((one, other) => one.fromMs - other.fromMs);
  for (const [index, span] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before && span.fromMs < before.untilMs)
      throw new AppError("instruction-overlap", `two instructions overlap at ${iso(span.fromMs)}`);
  }
  return list;
}
