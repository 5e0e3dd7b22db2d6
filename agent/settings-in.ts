import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { Switching } from "./store/control-store.ts";

/** What the settings of an appliance say about a span. */
export interface SettingsOf {
  /** Time in which it might not draw all that it can, ms. */
  heldMs: number;
  /** Energy that it might take, and that a battery was told to give, Wh, both positive. */
  toldWh: { charge: number; discharge: number };
}

/**
 * Reads the journal for [from, to). Pure.
 * @param switchings of all appliances, oldest first, with the last one before the span
 */
export function settingsIn(
  { name, safe, modes }: Pick<ApplianceConfig, "name" | "safe" | "modes">,
  switchings: readonly Switching[],
  fromMs: number,
  toMs: number,
): SettingsOf {
  const fullW = modes.at(-1)?.maxW ?? 0;
  let [powerW, sinceMs, heldMs, chargeWMs, dischargeWMs] = [safe.powerW, fromMs, 0, 0, 0];
  const until = (untilMs: number): void => {
    const ms = untilMs - sinceMs;
    if (powerW < fullW) heldMs += ms;
    chargeWMs += Math.max(0, powerW) * ms;
    dischargeWMs += Math.max(0, -powerW) * ms;
    sinceMs = untilMs;
  };
  for (const { resource, atMs, on, setting } of switchings) {
    if (resource !== name) continue;
    until(Math.min(Math.max(atMs, sinceMs), toMs));
    powerW = setting?.powerW ?? (on ? fullW : 0);
  }
  until(toMs);
  const wh = (wattMs: number): number => Math.floor(wattMs / 3_600_000);
  return { heldMs, toldWh: { charge: wh(chargeWMs), discharge: wh(dischargeWMs) } };
}
