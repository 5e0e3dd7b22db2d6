import type { Outcome } from "../../planner/outcome.ts";
import type { LocalAppliance } from "./local-input.ts";
import type { PlannedSetting } from "./planned-setting.ts";
import type { ProblemPart } from "./problem-part.ts";

/** Why the house plans so, for the resident. @param short what of it cannot be had */
export function planReason(
  { model, safe }: LocalAppliance,
  part: ProblemPart | undefined,
  powerW: number,
  { operationModeId }: PlannedSetting,
  short: Outcome["shortfalls"][number] | undefined,
): string {
  switch (part?.kind) {
    case "block":
      return `own plan: ${powerW > 0 ? "free to run" : "dear time, runs a little later"}`;
    case "battery":
      if (operationModeId === safe.mode) return "own plan: evens out the house by itself";
      return `own plan: ${powerW > 0 ? "charges at a cheap time" : powerW < 0 ? "gives at a dear time" : "holds still for a dearer time"}`;
    case "tank":
    case "room": {
      const band = model && "minC" in model ? ` ${model.minC} to ${model.maxC} °C` : "";
      const missing = short ? `; ${short.amount.toFixed(1)} °C will be missing` : "";
      return `own plan: ${powerW > 0 ? `cheapest time to keep${band}` : `warm enough until a cheaper time`}${missing}`;
    }
    case "demand":
      if (powerW > 0)
        return `own plan: cheapest time before ${part.readyBy}${short ? `; ${Math.ceil(short.amount)} Wh will be missing` : ""}`;
  }
  return "own plan: not needed now";
}
