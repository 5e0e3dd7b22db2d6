import type { Instruction, InstructionList } from "./message/instruction.ts";

/** The instruction that holds at an instant: the latest to begin among those in force. */
export function instructionAt(list: InstructionList, nowMs: number): Instruction | undefined {
  let found: Instruction | undefined;
  for (const instruction of list.instructions) {
    if (Date.parse(instruction.executionTime) > nowMs || Date.parse(instruction.validUntil) <= nowMs) continue;
    if (!found || Date.parse(instruction.executionTime) >= Date.parse(found.executionTime)) found = instruction;
  }
  return found;
}
