import type { ApplianceConfig } from "./config/appliance-config.ts";
import { settingsIn } from "./settings-in.ts";
import type { Switching } from "./store/control-store.ts";

/**
 * Energy that an appliance may have drawn in [from, to), Wh: what its settings let it draw, by the journal. Pure.
 * @param switchings of all appliances, oldest first
 */
export function drawnWh(
  appliance: Pick<ApplianceConfig, "name" | "safe" | "modes">,
  switchings: readonly Switching[],
  fromMs: number,
  toMs: number,
): number {
  return settingsIn(appliance, switchings, fromMs, toMs).toldWh.charge;
}
