import { bad, energy, leastPower, plain, runOf, type Frame, type Of } from "./device-frame.ts";
import type { Device } from "./home.ts";
import type { SeriesInput } from "./series.ts";

/** Wh that warm a litre of water by a degree. */
export const whPerLitreK = 1.163;
/** Hot water in one well-mixed tank. */
export function tank(one: Of<"water_heater">, frame: Frame): Device {
  const { path } = frame;
  const capacity = one.litres * whPerLitreK;
  const device = warmed({ ...one, capacity, gainW: 0, around: frame.series(one.ambient_c, `${path}.ambient_c`, 20) }, frame);
  const draw = frame.series(one.draw_wh, `${path}.draw_wh`, 0);
  device.add = device.add.map((wh, slot) => wh - (draw[slot] ?? 0));
  return device;
}

/** A house that a heat pump warms. */
export function room(one: Of<"heat_pump">, frame: Frame): Device {
  const { path } = frame;
  return warmed(
    { ...one, capacity: one.capacity_wh_per_k, gainW: one.gain_w, around: frame.series(one.outdoor_c, `${path}.outdoor_c`, 5) },
    frame,
  );
}

/** A heat store in Wh above 0 °C with a loss to what is around it, by the exact solution over each slot. */
function warmed(
  one: (Of<"water_heater"> | Of<"heat_pump">) & { capacity: number; gainW: SeriesInput; around: Float64Array },
  frame: Frame,
): Device {
  const { path, hours, notes } = frame;
  const { capacity, around } = one;
  leastPower(one, path);
  const [minC, maxC] = [frame.series(one.min_c, `${path}.min_c`, 18), frame.series(one.max_c, `${path}.max_c`, 90)];
  const crossed = minC.findIndex((c, slot) => c > (maxC[slot] ?? Infinity));
  if (crossed >= 0) bad(`${path}.min_c`, `${minC[crossed]} °C is above max_c in slot ${crossed}`, "at most max_c");
  const initialC = one.initial_c ?? ((minC[0] ?? 0) + (maxC[0] ?? 0)) / 2;
  if (one.initial_c === null) notes.push(`${path}.initial_c is not known; ${initialC} °C is assumed`);
  const keep = hours.map((h) => Math.exp((-one.loss_w_per_k * h) / capacity));
  // Heat that comes in during a slot has lost a little of itself by its end.
  const left = hours.map((h, slot) =>
    one.loss_w_per_k * h < 1e-9 ? 1 : ((1 - (keep[slot] ?? 1)) * capacity) / (one.loss_w_per_k * h),
  );
  const gains = frame.series(one.gainW, `${path}.gain_w`, 0);
  const cop = frame.series(one.cop, `${path}.cop`, 1);
  const device: Device = {
    ...plain(one, frame),
    initial: initialC * capacity,
    keep,
    gain: cop.map((factor, slot) => Math.max(0, factor) * (left[slot] ?? 1)),
    add: hours.map(
      (h, slot) => (1 - (keep[slot] ?? 1)) * capacity * (around[slot] ?? 0) + (gains[slot] ?? 0) * h * (left[slot] ?? 1),
    ),
    low: minC.map((c) => c * capacity),
    high: maxC.map((c) => c * capacity),
    maxIn: energy(frame, one.power_w),
    minIn: energy(frame, one.on_off ? one.power_w : one.min_power_w),
    onOff: one.on_off,
    finalValue: one.final_value_per_kwh / 1000,
    run: runOf(one, frame),
    state: { unit: "°C", of: (x) => x / capacity },
  };
  if (one.final_min_c !== undefined) {
    const last = hours.length - 1;
    device.low[last] = Math.max(device.low[last] ?? 0, one.final_min_c * capacity);
  }
  return device;
}
