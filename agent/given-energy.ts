import type { ApplianceConfig } from "./config/appliance-config.ts";
import { drawnWh } from "./drawn-energy.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { MeterStore } from "./store/meter-store.ts";

/** Energy that an appliance was given in [from, to), Wh. */
export type GivenWh = (appliance: ApplianceConfig, fromMs: number, toMs: number) => number;

/**
 * By its own meter where it has one (slots that have ended, so a little less than the truth), else by what its settings let
 * it draw.
 */
export function givenEnergy(stores: { meters: Pick<MeterStore, "slots">; control: Pick<ControlStore, "switchings"> }): GivenWh {
  return (appliance, fromMs, toMs) =>
    appliance.meter === null
      ? drawnWh(appliance, stores.control.switchings(fromMs - lookBackMs), fromMs, toMs)
      : stores.meters.slots(appliance.meter, "import", fromMs, toMs).reduce((sum, { wh }) => sum + wh, 0);
}

/** What it was set to when the span began was said some time before. */
const lookBackMs = 24 * 3_600_000;
