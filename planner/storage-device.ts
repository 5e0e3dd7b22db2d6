import { all, bad, energy, plain, type Frame, type Of } from "./device-frame.ts";
import type { Device } from "./home.ts";

type StorageProblem = Of<"battery"> | (Of<"ev"> & { capacity_wh: number });

/** A battery, or a car as one. */
export function storage(one: StorageProblem & { max_wh: number }, frame: Frame): Device {
  const { path, hours, notes } = frame;
  if (one.min_wh > one.max_wh) bad(`${path}.min_wh`, `${one.min_wh} is above max_wh ${one.max_wh}`, "at most max_wh");
  if (one.max_wh > one.capacity_wh)
    bad(`${path}.max_wh`, `${one.max_wh} is above capacity_wh ${one.capacity_wh}`, "at most capacity_wh");
  if (one.charge_min_w > one.charge_max_w)
    bad(`${path}.charge_min_w`, `${one.charge_min_w} is above charge_max_w ${one.charge_max_w}`, "at most charge_max_w");
  const initial = one.initial_wh ?? one.min_wh;
  if (one.initial_wh === null)
    notes.push(`${path}.initial_wh is not known; ${initial} Wh is assumed, the least that it may hold`);
  if (initial < 0 || initial > one.capacity_wh)
    notes.push(`${path}.initial_wh is ${initial} Wh, but it holds 0 to ${one.capacity_wh} Wh; planned as it is said`);
  const low = all(hours.length, one.min_wh);
  const high = all(hours.length, one.max_wh);
  const device: Device = {
    ...plain(one, frame),
    initial,
    keep: hours.map((h) => (1 - one.leakage_per_hour) ** h),
    gain: all(hours.length, one.charge_efficiency),
    drain: 1 / one.discharge_efficiency,
    low,
    high,
    floor: Math.min(0, initial),
    ceiling: Math.max(one.capacity_wh, one.max_wh, initial),
    minIn: energy(frame, one.charge_min_w),
    maxIn: energy(frame, one.charge_max_w),
    maxOut: energy(frame, one.discharge_max_w),
    demand: frame
      .series(one.demand_w, `${path}.demand_w`, 0)
      .map((w, index) => Math.min(w, one.charge_max_w) * (hours[index] ?? 0)),
    wear: one.wear_per_kwh / 1000,
    finalValue: one.final_value_per_kwh / 1000,
    chargeFromGrid: one.charge_from_grid,
    dischargeToGrid: one.discharge_to_grid,
  };
  device.run.once = one.single_window;
  device.run.startCost = one.start_cost;
  for (const [index, bound] of one.bounds.entries()) {
    const at = `${path}.bounds.${index}`;
    const [first, last] =
      bound.at === undefined
        ? [frame.slotOf(bound.from ?? 0, `${at}.from`), frame.slotOf(bound.until ?? hours.length, `${at}.until`)]
        : [frame.slotOf(bound.at, `${at}.at`), frame.slotOf(bound.at, `${at}.at`)];
    if (bound.min_wh !== undefined && bound.max_wh !== undefined && bound.min_wh > bound.max_wh)
      bad(at, `min_wh ${bound.min_wh} is above max_wh ${bound.max_wh}`, "min_wh at most max_wh");
    if (last < Math.max(1, first)) notes.push(`${at} holds no end of a slot; it says nothing`);
    for (let point = Math.max(1, first); point <= last; point += 1) {
      if (bound.min_wh !== undefined) low[point - 1] = Math.max(low[point - 1] ?? 0, bound.min_wh);
      if (bound.max_wh !== undefined) high[point - 1] = Math.min(high[point - 1] ?? 0, bound.max_wh);
    }
  }
  return device;
}

/** A car: a battery that is away at times, and wanted full at one. */
export function car(one: Of<"ev">, frame: Frame): Device {
  const { path, hours, notes } = frame;
  const slots = hours.length;
  const byEnergy = one.initial_wh === null;
  const wanted = one.target_wh ?? one.energy_wh ?? 0;
  if (byEnergy && one.target_wh !== undefined && one.energy_wh === undefined)
    notes.push(`${path}.initial_wh is not known: the car is taken to be empty, since target_wh says only where it shall end`);
  const initial = one.initial_wh ?? 0;
  const goal = one.energy_wh === undefined ? one.target_wh : initial + one.energy_wh;
  const capacity = one.capacity_wh ?? Math.max(wanted, initial, goal ?? 0);
  const device = storage({ ...one, initial_wh: initial, capacity_wh: capacity, max_wh: one.max_wh ?? capacity }, frame);
  if (goal !== undefined) {
    const ready = one.ready_by === undefined ? slots : frame.slotOf(one.ready_by, `${path}.ready_by`);
    if (goal > capacity) notes.push(`${path} wants ${goal} Wh but holds ${capacity} Wh; what does not go in is named as missing`);
    if (ready === 0) notes.push(`${path}.ready_by is before the first slot ends; the end of that slot is taken`);
    const last = Math.max(0, ready - 1);
    device.low[last] = Math.max(device.low[last] ?? 0, goal);
  }
  device.add = frame.series(one.usage_wh, `${path}.usage_wh`, 0).map((wh) => -wh);
  if (device.add.some((wh) => wh < 0)) device.floor = -Infinity;
  if (one.plugged) {
    const there = all(slots, 0);
    for (const [index, { from, until }] of one.plugged.entries()) {
      const at = `${path}.plugged.${index}`;
      const last = until === undefined ? slots : frame.slotOf(until, `${at}.until`);
      const first = frame.slotOf(from, `${at}.from`);
      if (first >= last) notes.push(`${at} has no slot between from and until; it is not there then`);
      for (let slot = first; slot < last; slot += 1) there[slot] = 1;
    }
    for (const key of ["maxIn", "maxOut", "demand"] as const)
      device[key] = device[key].map((wh, slot) => wh * (there[slot] ?? 0));
  }
  return device;
}
