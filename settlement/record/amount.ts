import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { type PriceSeries, priceAt } from "../../core/message/price-series.ts";
import type { Evidence } from "../../core/message/settlement-message.ts";
import { moneyMicro, type PricedEnergy } from "../../core/units.ts";

/**
 * Energy of all slots and its value, rounded half-even once. Money is in micro-units and negative where prices are.
 * @throws AppError settlement-no-price where the series does not cover a slot,
 * settlement-mixed-price where the price changes within one, settlement-bad-evidence for slots that are not slots
 */
export function energyAmount(evidence: Evidence, series: PriceSeries): { wh: number; micro: bigint } {
  const priced: PricedEnergy[] = [];
  let wh = 0;
  let lastEndMs = -Infinity;
  for (const slot of evidence.slots) {
    const [startMs, endMs] = [Date.parse(slot.start), Date.parse(slot.end)];
    if (evidence.register === "none") throw badEvidence("register is none, so there can be no slots");
    if (!(startMs < endMs)) throw badEvidence(`slot ${slot.start} ends at ${slot.end}, which is not later`);
    if (startMs < lastEndMs) throw badEvidence(`slot ${slot.start} starts before the one before it ends`);
    if (slot.wh < 0) throw badEvidence(`slot ${slot.start} has ${slot.wh} Wh; a counter never runs backwards`);
    priced.push({ wh: slot.wh, microPerKwh: slotPrice(series, evidence.register, startMs, endMs) });
    wh += slot.wh;
    lastEndMs = endMs;
  }
  return { wh, micro: moneyMicro(priced) };
}

function slotPrice(series: PriceSeries, register: "import" | "export", startMs: number, endMs: number): bigint {
  const stepMs = series.stepS * 1000;
  const seriesMs = Date.parse(series.start);
  const price = priceAt(series, register, startMs);
  // The starts of all price steps that begin inside the slot.
  for (let atMs = startMs; atMs < endMs; atMs = seriesMs + (Math.floor((atMs - seriesMs) / stepMs) + 1) * stepMs) {
    const here = priceAt(series, register, atMs);
    if (price === undefined || here === undefined)
      throw new AppError(
        "settlement-no-price",
        `the price series from ${series.start} has no ${register} price for ${iso(atMs)}`,
      );
    if (here !== price)
      throw new AppError(
        "settlement-mixed-price",
        `the ${register} price changes at ${iso(atMs)}, inside a slot; slots must be as fine as prices`,
      );
  }
  return price ?? 0n;
}

function badEvidence(why: string): AppError {
  return new AppError("settlement-bad-evidence", `evidence: ${why}`);
}
