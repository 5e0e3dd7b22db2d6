import type { Slot } from "../../core/slots.ts";
import type { LocalAppliance, LocalPlanInput } from "./local-input.ts";
import { gapped, standingIn, startCost, type PartOfProblem } from "./problem-part.ts";

/** Each way through a battery and its inverter. */
export const batteryEfficiency = 0.95;
/** Where nobody tells the weather. */
const unknownOutdoorC = 5;
/** Of the mean price: what is in a store at the end of the plan is used later, and a little is lost until then. */
const endShare = 0.9;

/**
 * A store that is planned by how full it is; undefined where nobody knows that, or nothing is known of the store: then its
 * demand counts, if it has one.
 * @param meanPrice currency per kWh
 */
export function storePart(
  appliance: LocalAppliance,
  input: LocalPlanInput,
  slots: readonly Slot[],
  meanPrice: number,
): PartOfProblem | undefined {
  const { resource, model, modes } = appliance;
  const said = input.stored(resource);
  const [top, lowest] = [modes.at(-1), modes[0]];
  if (!model || !top || !lowest || model.kind === "pv") return undefined;
  const part = { name: resource, resource, kind: model.kind, readyBy: null, from: 0, until: slots.length };
  if (model.kind === "battery") {
    if (!isKnown(said.percent)) return undefined;
    const percent = Math.min(100, Math.max(0, said.percent));
    const leastWh = (model.capacityWh * model.minPercent) / 100;
    const nowWh = (model.capacityWh * percent) / 100;
    return {
      part,
      appliance: {
        type: "battery",
        name: resource,
        capacity_wh: model.capacityWh,
        // What is below the least now need not come up at any price.
        min_wh: Math.min(leastWh, nowWh),
        initial_wh: nowWh,
        charge_max_w: top.maxW,
        discharge_max_w: -lowest.minW,
        charge_efficiency: batteryEfficiency,
        discharge_efficiency: batteryEfficiency,
        wear_per_kwh: model.wearPerKwh,
        final_value_per_kwh: Math.max(0, meanPrice * endShare * batteryEfficiency),
      },
    };
  }
  const { temperatureC } = said;
  if (!isKnown(temperatureC) || top.maxW <= 0) return undefined;
  const warmth = {
    name: resource,
    initial_c: temperatureC,
    min_c: model.minC,
    max_c: Math.max(model.maxC, model.minC),
    loss_w_per_k: model.lossWPerK,
    power_w: top.maxW,
    on_off: true,
    cop: model.cop,
    min_on_minutes: appliance.minOnMs / 60_000,
    min_off_minutes: appliance.minOffMs / 60_000,
    start_cost: startCost,
    ...standingIn(input, resource),
    final_value_per_kwh: Math.max(0, (meanPrice * endShare) / model.cop),
  };
  if (model.kind === "tank")
    return {
      part,
      appliance: {
        type: "water_heater",
        litres: model.litres,
        ambient_c: model.ambientC,
        draw_wh: gapped(input.forecast.drawWh(resource, slots)),
        ...warmth,
      },
    };
  return {
    part,
    appliance: {
      type: "heat_pump",
      capacity_wh_per_k: model.capacityWhPerK,
      outdoor_c: gapped(input.forecast.outdoorC(slots) ?? slots.map(() => unknownOutdoorC)),
      ...(appliance.maxOffMs === null
        ? {}
        : { max_lock_minutes: appliance.maxOffMs / 60_000, min_free_minutes: appliance.minOnMs / 60_000 }),
      ...warmth,
    },
  };
}

/** One sensor that says nonsense must not cost the whole house its plan. */
const isKnown = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);
