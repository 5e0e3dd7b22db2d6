import { z } from "zod";

/** MeterValues.req as far as power goes. @see OCPP 1.6, chapter 6.31 and 7.43 */
export const MeterValues = z.object({
  connectorId: z.int(),
  transactionId: z.int().optional(),
  meterValue: z.array(
    z.object({
      timestamp: z.string(),
      sampledValue: z.array(
        z.object({
          value: z.string(),
          context: z.string().optional(),
          format: z.string().optional(),
          measurand: z.string().optional(),
          phase: z.string().optional(),
          location: z.string().optional(),
          unit: z.string().optional(),
        }),
      ),
    }),
  ),
});
export type MeterValues = z.infer<typeof MeterValues>;
type Sample = MeterValues["meterValue"][number]["sampledValue"][number];

/** More than any charger in a home. */
const mostW = 100_000;

/** The newest power that the charger gave out, W, and when it was so by the charger's clock; undefined where it does not say. */
export function importPower(values: MeterValues): { powerW: number; atMs: number } | undefined {
  const powers = values.meterValue.flatMap(({ timestamp, sampledValue }) => {
    const atMs = Date.parse(timestamp);
    const powerW = powerOf(sampledValue);
    return powerW === undefined || Number.isNaN(atMs) ? [] : [{ powerW, atMs }];
  });
  return powers.toSorted((one, other) => other.atMs - one.atMs)[0];
}

function powerOf(samples: readonly Sample[]): number | undefined {
  const powers = samples.flatMap((sample) => {
    const { measurand, location = "Outlet", format = "Raw", phase = "" } = sample;
    const powerW = wattsOf(sample);
    if (measurand !== "Power.Active.Import" || location !== "Outlet" || format !== "Raw" || powerW === undefined) return [];
    // A snapshot of the transaction's start may be repeated beside what is so now.
    const boundary = sample.context === "Transaction.Begin" || sample.context === "Transaction.End";
    return [{ phase: phase.replace(/-N$/, ""), boundary, powerW }];
  });
  const live = powers.filter(({ boundary }) => !boundary);
  const used = live.length > 0 ? live : powers;
  const total = used.find(({ phase }) => phase === "");
  if (total) return total.powerW;
  const phases = new Map(used.filter(({ phase }) => /^L[123]$/.test(phase)).map(({ phase, powerW }) => [phase, powerW]));
  return phases.size === 0 ? undefined : [...phases.values()].reduce((sum, powerW) => sum + powerW, 0);
}

function wattsOf({ value, unit = "W" }: Sample): number | undefined {
  const number = /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
  const factor = { W: 1, kW: 1000 }[unit];
  if (number === undefined || factor === undefined || Math.abs(number * factor) > mostW) return undefined;
  return Math.round(number * factor);
}
