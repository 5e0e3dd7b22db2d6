import { Problem } from "../../planner/problem.ts";
import { valueAt, type BenchData } from "./real-data.ts";

/** Figures from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const dayMs = 86_400_000;

/** What neighbours have in common: the day from this noon on, and the tariff. */
export interface Neighbourhood {
  startMs: number;
  /** Added to the spot price before VAT, money per kWh. */
  fees: number;
  /** Share of the spot price that is paid for what is sold. */
  share: number;
}

/**
 * A home from noon to noon: an electric car full by 07:00, a water tank on a relay, a heat pump that warms rooms, mostly a
 * battery and PV, a main fuse; parameters drawn at random, prices, weather and base load from the data.
 * @param common day and tariff; left out, they are drawn too
 */
export function generateHome(data: BenchData, seed: number, slots: 96 | 144, common?: Neighbourhood): Problem {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const minutes = (24 * 60) / slots;
  const { startMs } = data.prices;
  const [first, last] = [startMs[0] ?? 0, (startMs.at(-1) ?? 0) - 2 * dayMs];
  const drawn = Math.floor(between(first + dayMs, last) / dayMs) * dayMs + dayMs / 2;
  const start = common?.startMs ?? drawn;
  const times = Array.from({ length: slots }, (_, slot) => start + slot * minutes * 60_000);
  // The weather of the year before, where the prices are newer than it.
  const weatherEnd = data.temperatureC.startMs.at(-1) ?? start;
  const yearsBack = Math.max(0, Math.ceil((start + 2 * dayMs - weatherEnd) / (365 * dayMs)));
  const weather = (timed: BenchData["temperatureC"]): number[] => times.map((at) => valueAt(timed, at - yearsBack * 365 * dayMs));
  const hourOf = (slot: number): number => (12 + (slot * minutes) / 60) % 24;
  const spot = times.map((at) => valueAt(data.prices, at) / 1000);
  const vat = 1.19;
  const own = { fees: between(0.08, 0.18), share: between(0.7, 1) };
  const { fees, share } = common ?? own;
  const load = data.loadsW[Math.floor(random() * data.loadsW.length)] ?? new Float64Array(8760);
  const year = Math.floor(between(0, 8760 - 48));
  const pvKwp = random() < 0.7 ? between(3, 10) : 0;
  const irradiance = weather(data.irradianceWm2);
  const outdoor = weather(data.temperatureC);
  const slotAt = (hour: number): number => Math.round((((hour - 12 + 24) % 24) * 60) / minutes);
  const three = random() < 0.5;
  const litres = between(200, 300);
  const tankC = between(72, 84);
  const draws = times.map(() => 0);
  for (let shower = 0; shower < 6; shower += 1) {
    const hour = random() < 0.55 ? between(6, 9) : between(18, 23);
    const slot = Math.min(slots - 1, slotAt(hour));
    draws[slot] = (draws[slot] ?? 0) + between(400, 1300);
  }
  const battery = between(0, 13_500);
  const heatW = between(2000, 4000);
  const capacity = between(6000, 16_000);
  const loss = between(90, 220);
  const carWh = between(30_000, 80_000);
  return Problem.parse({
    start: new Date(start).toISOString(),
    slot_minutes: minutes,
    import_price_per_kwh: spot.map((price) => (price + fees) * vat),
    export_price_per_kwh: spot.map((price) => price * share),
    base_load_w: times.map((_, slot) => load[year + Math.floor((slot * minutes) / 60)] ?? 300),
    pv_w: irradiance.map((ghi) => ghi * pvKwp * 0.85),
    pv_curtailable: random() < 0.6,
    grid: { import_limit_w: between(11_000, 17_000) },
    appliances: [
      {
        type: "ev",
        name: "car",
        capacity_wh: carWh,
        initial_wh: carWh * between(0.2, 0.6),
        target_wh: carWh * between(0.75, 1),
        ready_by: slotAt(7),
        plugged: [{ from: slotAt(between(15, 20)), until: slotAt(7) }],
        charge_max_w: three ? 11_000 : 7400,
        charge_min_w: three ? 4200 : 1400,
        charge_efficiency: 0.9,
      },
      {
        type: "water_heater",
        name: "tank",
        litres,
        initial_c: tankC,
        min_c: 70,
        max_c: 88,
        loss_w_per_k: between(1.2, 2.5),
        draw_wh: draws,
        power_w: between(2000, 3000),
        min_on_minutes: 20,
        min_off_minutes: 20,
      },
      {
        type: "heat_pump",
        name: "heat pump",
        capacity_wh_per_k: capacity,
        loss_w_per_k: loss,
        initial_c: 20,
        outdoor_c: outdoor,
        gain_w: 300,
        min_c: times.map((_, slot) => (hourOf(slot) >= 6.5 && hourOf(slot) < 22.5 ? 20 : 16)),
        max_c: 24,
        power_w: heatW,
        min_power_w: heatW * 0.3,
        cop: outdoor.map((c) => Math.max(1.8, Math.min(5, 3 + 0.08 * c))),
        final_min_c: 20,
      },
      ...(battery > 2000
        ? [
            {
              type: "battery",
              name: "battery",
              capacity_wh: battery,
              initial_wh: battery * 0.5,
              charge_max_w: battery * 0.4,
              discharge_max_w: battery * 0.4,
              charge_efficiency: 0.95,
              discharge_efficiency: 0.95,
              bounds: [{ at: slots, min_wh: battery * 0.5 }],
            },
          ]
        : []),
    ],
  });
}
