import type { ApplianceConfig } from "./config/appliance-config.ts";
import { drawnWh } from "./drawn-energy.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { MeterStore } from "./store/meter-store.ts";

/** Energy that an appliance was given in [from, to), Wh; less than nothing where a battery gave. */
export type GivenWh = (appliance: ApplianceConfig, fromMs: number, toMs: number) => number;

/**
 * By its own meter where it has one (slots that have ended, so a little less than the truth), else by what its settings let
 * it draw.
 */
export function givenEnergy({
  meters,
  control,
}: {
  meters: Pick<MeterStore, "slots">;
  control: Pick<ControlStore, "switchings" | "lastBefore">;
}): GivenWh {
  return (appliance, fromMs, toMs) => {
    const { meter, model } = appliance;
    if (meter !== null) {
      const read = (register: "import" | "export"): number =>
        meters.slots(meter, register, fromMs, toMs).reduce((sum, { wh }) => sum + wh, 0);
      return read("import") - (model?.kind === "battery" ? read("export") : 0);
    }
    const before = control.lastBefore(appliance.name, fromMs);
    return drawnWh(appliance, [...(before ? [before] : []), ...control.switchings(fromMs)], fromMs, toMs);
  };
}
