import type { SlotTotal } from "../../agent/collect/slot-ledger.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { baseLoadW } from "../../simulator/house/base-load.ts";
import { localDays } from "../../simulator/house/local-day.ts";
import { seededRandom } from "../../simulator/house/seeded-random.ts";
import { solarW } from "../../simulator/house/solar-panels.ts";

const quarterMs = 900_000;
/** A forecast rests on some days at the same time of day. */
const days = 5;
const samplesS = 60;

/**
 * Puts the days before into an agent's database, as if it had run for some days already: what a simulated house with that seed
 * drew and gave without its appliances. What nobody knows of a house cannot be traded.
 */
export function rememberDays(file: string, { seed, panelsW, untilMs }: { seed: number; panelsW: number; untilMs: number }): void {
  const random = seededRandom(seed);
  const localAt = localDays();
  const slots: SlotTotal[] = [];
  for (let startMs = untilMs - days * 96 * quarterMs; startMs < untilMs; startMs += quarterMs) {
    const wh = { import: 0, export: 0 };
    for (let atS = startMs / 1000; atS < (startMs + quarterMs) / 1000; atS += samplesS) {
      const time = localAt(atS);
      const netW = baseLoadW(time, random) - solarW(time, random, panelsW);
      wh[netW > 0 ? "import" : "export"] += (Math.abs(netW) * samplesS) / 3600;
    }
    for (const register of ["import", "export"] as const)
      slots.push({
        meter: "grid",
        register,
        startMs,
        endMs: startMs + quarterMs,
        wh: Math.round(wh[register]),
        quality: "valid",
        clockSynced: true,
      });
  }
  const db = openDatabase(file);
  try {
    db.transaction(() => meterStore(db).addSlots(slots))();
  } finally {
    db.close();
  }
}
