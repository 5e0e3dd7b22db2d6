import type { Run } from "../real-prices/simulate.ts";
import type { StreetHome } from "./street.ts";

/** Figures of the street over the month, energies in kWh, money in EUR. */
export interface StreetFigures {
  /** Import less export of all homes, by their own meters. */
  billEur: number;
  /** The same, less the worth of what batteries, tanks and rooms hold at the end beyond what they held at first. */
  comparableEur: number;
  peakKw: number;
  /** Slots in which the homes together import more than the feeder carries. */
  slotsOver: number;
  /** Of these, slots that no plan had named as a shortfall before they began. */
  slotsOverUnnamed: number;
  /** What the feeder asks for in dear hours, by what the homes import then. */
  chargeEur: number;
  /** Of the sun's energy so much is used in the homes, or next door in the same slot, per cent. */
  renewableUsedPercent: number;
  /** Of what the homes use so much does not come over the feeder, per cent. */
  selfSufficiencyPercent: number;
  kelvinHours: number;
  missedKwh: number;
  /** Slots of homes above their fuse. */
  fuseSlots: number;
}

/** @param chargeAt EUR per kWh that the feeder asks for in a slot; named: slots that were told beforehand as more than it carries */
export function figuresOf(
  homes: readonly StreetHome[],
  runs: readonly Run[],
  { limitW, chargeAt, named }: { limitW: number; chargeAt: (slot: number) => number; named?: ReadonlySet<number> },
): StreetFigures {
  const { slots, slotMs } = homes[0]?.trial ?? { slots: 0, slotMs: 1 };
  const hours = slotMs / 3_600_000;
  let [importWh, exportWh, pvWh, chargeEur, peakW, slotsOver, slotsOverUnnamed, fuseSlots] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let slot = 0; slot < slots; slot += 1) {
    let net = 0;
    for (const [at, { reality, trial }] of homes.entries()) {
      const own = runs[at]?.netWh[slot] ?? 0;
      net += own;
      pvWh += reality.pvWh[slot] ?? 0;
      chargeEur += (Math.max(0, own) / 1000) * chargeAt(slot);
      if (own > trial.home.fuseW * hours + 1) fuseSlots += 1;
    }
    importWh += Math.max(0, net);
    exportWh += Math.max(0, -net);
    peakW = Math.max(peakW, net / hours);
    if (net <= limitW * hours + 1e-6) continue;
    slotsOver += 1;
    if (named?.has(slot) !== true) slotsOverUnnamed += 1;
  }
  const curtailedWh = sum(runs.map(({ flows }) => sum(flows.map(({ curtailed }) => curtailed))));
  const usedWh = pvWh - curtailedWh - exportWh;
  const billEur = sum(runs.map(({ bill }) => bill));
  return {
    billEur,
    comparableEur: billEur - sum(homes.map((home, at) => leftEur(home, runs[at]))),
    peakKw: peakW / 1000,
    slotsOver,
    slotsOverUnnamed,
    chargeEur,
    renewableUsedPercent: pvWh === 0 ? 0 : (usedWh / pvWh) * 100,
    selfSufficiencyPercent: (1 - importWh / (importWh + usedWh)) * 100,
    kelvinHours: sum(runs.map(({ kelvinHours }) => kelvinHours)),
    missedKwh: sum(runs.map(({ missedKwh }) => missedKwh)),
    fuseSlots,
  };
}

/** What stores hold at the end beyond their start, at the month's mean price: heat of a pump at three units for one. */
function leftEur({ trial, reality }: StreetHome, run: Run | undefined): number {
  if (!run) return 0;
  const { home, start } = trial;
  const mean = sum(reality.importPrice) / Math.max(1, reality.importPrice.length);
  const electricWh =
    (run.final.batteryWh - start.batteryWh) * home.batteryEfficiency +
    (run.final.tankC - start.tankC) * home.tankWhPerK +
    ((run.final.roomC - start.roomC) * home.roomWhPerK) / 3;
  return (electricWh / 1000) * mean;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
