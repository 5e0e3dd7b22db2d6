import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { InstructionList } from "../../core/message/instruction.ts";
import type { OperationMode } from "../../core/setting.ts";
import { parseAs } from "../../core/parse-as.ts";

const longestAheadMs = 7 * 24 * 3_600_000;

/**
 * Checks a list of instructions before it replaces the one in force. Pure.
 * @param topicResource the resource that the topic names
 * @param resources what each appliance can be told
 * @throws AppError instruction-malformed, -unknown-resource, -unknown-mode, -overlap, -expired, -too-far
 */
export function acceptInstructions(
  body: unknown,
  topicResource: string,
  resources: ReadonlyMap<string, readonly OperationMode[]>,
  nowMs: number,
): InstructionList {
  const list = parseAs(InstructionList, body, "instruction-malformed");
  const modes = resources.get(list.resource);
  if (list.resource !== topicResource || !modes)
    throw new AppError(
      "instruction-unknown-resource",
      `resource "${list.resource}" is not here (have: ${[...resources.keys()].join(", ") || "none"})`,
    );
  const spans = list.instructions.map(({ executionTime, validUntil, operationModeId }) => {
    if (!modes.some(({ id }) => id === operationModeId))
      throw new AppError(
        "instruction-unknown-mode",
        `operation mode "${operationModeId}" is not one of ${modes.map(({ id }) => id).join(", ")}`,
      );
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
