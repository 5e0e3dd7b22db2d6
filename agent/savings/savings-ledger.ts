import { divideHalfEven } from "../../core/units.ts";
import { startOfLocalDay } from "../../core/slots.ts";
import type { ApplianceSlot } from "./close-baselines.ts";

/** One slot as it was kept when it closed. Money in micro-units per kWh, energy in Wh, instants in ms. */
export interface SavingsSlot {
  startMs: number;
  endMs: number;
  /** Prices in force in the slot; null where none was known. */
  importMicro: bigint | null;
  exportMicro: bigint | null;
  /** published: announced for that instant; pattern: taken from other days; null without a price. */
  pricedBy: "published" | "pattern" | null;
  /** Energy across the grid meter; null where it was not measured. */
  importWh: number | null;
  exportWh: number | null;
  /** What PV gave, where it is measured. */
  pvWh: number | null;
  /** Something was worked out and not read. */
  estimated: boolean;
  appliances: readonly ApplianceSlot[];
}

/** Money by settlement records. */
export interface Payment {
  kind: "reward" | "fee";
  startMs: number;
  endMs: number;
  amountMicro: bigint;
}

/** Why a slot says nothing: what is missing there. */
export type Missing = "meter" | "price" | "appliance" | "open";

/** One line of the ledger, micro-units; every figure of a statement is a sum over lines. Gains are positive. */
export interface SavingsLine {
  /** battery: the fill that a battery has gained or lost over a day. */
  kind: "slot" | "battery" | "reward" | "fee";
  startMs: number;
  endMs: number;
  /** What the slot would have cost by the household baseline, and what it cost. */
  baselineMicro: bigint;
  actualMicro: bigint;
  shiftingMicro: bigint;
  flexibilityMicro: bigint;
  /** Worth of PV used in the house itself; apart, never part of shifting. */
  ownSolarMicro: bigint;
  /** As paid: positive. */
  feesMicro: bigint;
  /** Null for a slot that counts. */
  missing: Missing | null;
  estimated: boolean;
  /** Present where shifting is negative. */
  reason: string | null;
  slot: SavingsSlot | null;
}

/** Money of lines in micro-units. */
export type SavingsSums = Record<"shiftingMicro" | "flexibilityMicro" | "ownSolarMicro" | "feesMicro", bigint>;

/** Longer than any span of a baseline reaches: read so much more on both sides of a period. */
export const spanReachMs = 3 * 24 * 3_600_000;

/**
 * The lines of [from, to), oldest first. Pure, and whatever order the slots come in. A baseline moves energy between the
 * slots of a span, so where one slot of a span cannot be priced, nothing of that span counts.
 * @param slots those of the period and `spanReachMs` on both sides
 * @param zone IANA zone of the days at whose end a battery's fill is valued
 */
export function savingsLines(
  slots: readonly SavingsSlot[],
  payments: readonly Payment[],
  { fromMs, toMs, zone }: { fromMs: number; toMs: number; zone: string },
): SavingsLine[] {
  const broken = brokenSpans(slots);
  const within = ({ startMs }: { startMs: number }): boolean => startMs >= fromMs && startMs < toMs;
  const counted = slots.filter(within).toSorted((a, b) => a.startMs - b.startMs);
  const lines = [
    ...counted.map((slot) => slotLine(slot, broken)),
    ...batteryLines(counted, zone),
    ...payments.filter(within).map(paymentLine),
  ];
  const order = ["slot", "battery", "reward", "fee"];
  return lines.toSorted((a, b) => a.startMs - b.startMs || order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Sums of lines. */
export function sumOfLines(lines: readonly SavingsLine[]): SavingsSums {
  const sum = (key: keyof SavingsSums): bigint => lines.reduce((total, line) => total + line[key], 0n);
  return {
    shiftingMicro: sum("shiftingMicro"),
    flexibilityMicro: sum("flexibilityMicro"),
    ownSolarMicro: sum("ownSolarMicro"),
    feesMicro: sum("feesMicro"),
  };
}

const spanKey = ({ resource, spanMs }: ApplianceSlot): string => `${resource} ${spanMs}`;

function brokenSpans(slots: readonly SavingsSlot[]): ReadonlySet<string> {
  const unbalanced = new Map<string, number>();
  const broken = new Set<string>();
  for (const slot of slots)
    for (const one of slot.appliances) {
      if (one.actualWh === one.baselineWh && one.state === "final") continue;
      const key = spanKey(one);
      if (one.state !== "final" || unpriced(slot)) broken.add(key);
      // Batteries give and take; what they keep is valued by the day.
      if (one.fillWh === null) unbalanced.set(key, (unbalanced.get(key) ?? 0) + deltaWh(one));
    }
  for (const [key, wh] of unbalanced) if (wh !== 0) broken.add(key);
  return broken;
}

const deltaWh = ({ actualWh, baselineWh }: ApplianceSlot): number => (baselineWh ?? 0) - (actualWh ?? 0);

function unpriced({ importMicro, exportMicro, importWh }: SavingsSlot): Missing | null {
  if (importWh === null) return "meter";
  return importMicro === null || exportMicro === null ? "price" : null;
}

function slotLine(slot: SavingsSlot, broken: ReadonlySet<string>): SavingsLine {
  const { startMs, endMs, importMicro, exportMicro, importWh, estimated } = slot;
  const changed = slot.appliances.filter((one) => one.actualWh !== one.baselineWh || one.state !== "final");
  const line: SavingsLine = { ...emptyLine, kind: "slot", startMs, endMs, estimated, slot, missing: unpriced(slot) };
  if (importWh === null || importMicro === null || exportMicro === null) return line;
  const whole = changed.filter((one) => !broken.has(spanKey(one)));
  const exportWh = slot.exportWh ?? 0;
  const netWh = importWh - exportWh;
  const byItselfWh = whole.reduce((sum, one) => sum + deltaWh(one), netWh);
  const cost = (wh: number): bigint => money(wh, wh >= 0 ? importMicro : exportMicro);
  const [baselineMicro, actualMicro] = [cost(byItselfWh), cost(netWh)];
  const usedWh = slot.pvWh === null ? 0 : Math.max(0, slot.pvWh - exportWh);
  const missing = changed.some(({ state }) => state === "open") ? "open" : whole.length < changed.length ? "appliance" : null;
  const shiftingMicro = baselineMicro - actualMicro;
  return {
    ...line,
    baselineMicro,
    actualMicro,
    shiftingMicro,
    ownSolarMicro: money(usedWh, importMicro - exportMicro),
    missing,
    reason:
      shiftingMicro < 0n ? (byItselfWh < netWh ? "runs here instead of at another time" : "would have earned more here") : null,
  };
}

/** What a battery holds more, or less, at the end of a day than at its start, at the day's mean import price. */
function batteryLines(slots: readonly SavingsSlot[], zone: string): SavingsLine[] {
  const days = Map.groupBy(
    slots.filter((slot) => unpriced(slot) === null),
    ({ startMs }) => startOfLocalDay(startMs, zone),
  );
  return [...days].flatMap(([startMs, ofDay]) => {
    const fillWh = ofDay.flatMap(({ appliances }) => appliances).reduce((sum, one) => sum + (one.fillWh ?? 0), 0);
    if (fillWh === 0) return [];
    const prices = ofDay.reduce((sum, { importMicro }) => sum + (importMicro ?? 0n), 0n);
    const shiftingMicro = divideHalfEven(BigInt(fillWh) * prices, 1000n * BigInt(ofDay.length));
    const reason = shiftingMicro < 0n ? "the battery ended the day emptier than it began" : null;
    const endMs = ofDay.at(-1)?.endMs ?? startMs;
    // Booked in the last slot of the day, so that it stays within that day.
    return [{ ...emptyLine, kind: "battery" as const, startMs: ofDay.at(-1)?.startMs ?? startMs, endMs, shiftingMicro, reason }];
  });
}

const paymentLine = ({ kind, startMs, endMs, amountMicro }: Payment): SavingsLine => ({
  ...emptyLine,
  kind,
  startMs,
  endMs,
  flexibilityMicro: kind === "reward" ? amountMicro : 0n,
  feesMicro: kind === "fee" ? amountMicro : 0n,
});

const money = (wh: number, microPerKwh: bigint): bigint => divideHalfEven(BigInt(wh) * microPerKwh, 1000n);

const emptyLine = {
  baselineMicro: 0n,
  actualMicro: 0n,
  shiftingMicro: 0n,
  flexibilityMicro: 0n,
  ownSolarMicro: 0n,
  feesMicro: 0n,
  missing: null,
  estimated: false,
  reason: null,
  slot: null,
};
