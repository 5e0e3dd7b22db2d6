import { iso } from "../../core/clock/clock.ts";
import type { Setting } from "../../core/setting.ts";
import { leadMs } from "../../planner/lead-time.ts";
import type { Intent, Planned } from "./intent.ts";

/** Energy that must be there by a time. */
export interface EnergyNeed {
  missingWh: number;
  /** Instant, ms since 1970. */
  readyMs: number;
}

/** Temperatures that people or pipes must have, °C; each may be absent. */
export interface TemperatureBand {
  minC?: number;
  maxC?: number;
  /** Below it something breaks: stands above people and limits, and yields to the fuse alone. */
  frostC?: number;
  /** So far past the bound it goes before it lets go again. */
  hysteresisC: number;
}

/** A sensor that says nothing for so long is as good as none. */
export const oldSensorMs = 15 * 60_000;

/** A start that was needed is given up where it need not be for so long: much more is there than could have run since. */
const letGoMs = 30 * 60_000;

/** What comfort wants, and whether a temperature bound holds it until it has gone past the bound. */
export interface Comfort {
  intent: Intent | undefined;
  held: "warming" | "cooling" | null;
}

/**
 * The latest safe start: from it on the appliance runs until the energy is there, whatever prices and plans say. Pure.
 * Undefined before it, and when nothing is missing.
 * @param hasBegun it was given for this deadline before. Each minute that has run since puts the start of the rest off by a little
 * more: whoever let go for that would switch the appliance to and fro until the guard holds it
 */
export function deadlineNeed(appliance: Planned, need: EnergyNeed, nowMs: number, hasBegun = false): Intent | undefined {
  const { setting, powerW } = most(appliance);
  if (need.missingWh <= 0 || powerW <= 0) return undefined;
  const startMs = need.readyMs - leadMs((need.missingWh * 3_600_000) / powerW);
  if (nowMs < startMs - (hasBegun ? letGoMs : 0)) return undefined;
  const reason = `${Math.ceil(need.missingWh)} Wh still needed by ${iso(need.readyMs)}`;
  return { resource: appliance.resource, setting, authority: "comfort", reason };
}

/** What the temperature wants. Pure. @param held what the last call gave */
export function temperatureNeed(
  appliance: Planned,
  band: TemperatureBand,
  sensor: { temperatureC: number; ageMs: number } | undefined,
  held: Comfort["held"],
): Comfort {
  if (!sensor || sensor.ageMs > oldSensorMs) return { intent: undefined, held: null };
  const { temperatureC } = sensor;
  const { minC = -Infinity, maxC = Infinity, frostC = -Infinity, hysteresisC } = band;
  const { resource, least } = appliance;
  const said = `${temperatureC.toFixed(1)} °C`;
  const warm = (authority: "comfort" | "safety", reason: string): Comfort => ({
    intent: { resource, setting: most(appliance).setting, authority, reason },
    held: "warming",
  });
  if (temperatureC < frostC) return warm("safety", `${said}, below ${frostC} °C: frost`);
  if (temperatureC < minC || (held === "warming" && temperatureC < minC + hysteresisC))
    return warm("comfort", `${said}, below ${minC} °C`);
  if (temperatureC > maxC || (held === "cooling" && temperatureC > maxC - hysteresisC))
    return { intent: { resource, setting: least, authority: "comfort", reason: `${said}, above ${maxC} °C` }, held: "cooling" };
  return { intent: undefined, held: null };
}

function most({ modes, least }: Planned): { setting: Setting; powerW: number } {
  const top = modes.at(-1);
  return top ? { setting: { mode: top.id, powerW: top.maxW }, powerW: top.maxW } : { setting: least, powerW: 0 };
}
