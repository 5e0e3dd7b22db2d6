import { all, energy, leastPower, plain, runOf, type Frame, type Of } from "./device-frame.ts";
import { room, tank } from "./heat-device.ts";
import type { Device } from "./home.ts";
import type { ApplianceProblem } from "./problem.ts";
import { drawsWhileOn, runRules, slotsIn } from "./run-rules.ts";
import { car, storage } from "./storage-device.ts";

/** One appliance of a problem as the engines see it. @throws AppError plan-bad-appliance, plan-bad-length */
export function deviceOf(one: ApplianceProblem, frame: Frame): Device {
  const device = kindOf(one, frame);
  return { ...device, minIn: drawsWhileOn(device, frame.hours) };
}

function kindOf(one: ApplianceProblem, frame: Frame): Device {
  switch (one.type) {
    case "battery":
      return storage({ ...one, max_wh: one.max_wh ?? one.capacity_wh }, frame);
    case "ev":
      return car(one, frame);
    case "deferrable":
      return deferrable(one, frame);
    case "cycle":
      return cycle(one, frame);
    case "water_heater":
      return tank(one, frame);
    case "heat_pump":
      return room(one, frame);
    case "blockable":
      return blockable(one, frame);
  }
}

function deferrable(one: Of<"deferrable">, frame: Frame): Device {
  leastPower(one, frame.path);
  const [from, until] = between(one, frame);
  const device = plain(one, frame);
  device.maxIn = energy(frame, one.power_w).map((wh, slot) => (slot >= from && slot < until ? wh : 0));
  device.minIn = one.on_off ? device.maxIn : energy(frame, one.min_power_w);
  device.onOff = one.on_off;
  // A time that is over is missed by the end of the first slot.
  device.low[Math.max(0, until - 1)] = one.energy_wh;
  device.floor = 0;
  device.run = runOf(one, frame);
  device.minIn = drawsWhileOn(device, frame.hours);
  // What runs does so for a slot at least, or for its least time on: it may bring more than is needed.
  device.ceiling = one.energy_wh + Math.max(0, ...device.minIn) * Math.min(device.run.minOn, frame.hours.length);
  return device;
}

function cycle(one: Of<"cycle">, frame: Frame): Device {
  const [from, until] = between(one, frame);
  const { hours } = frame;
  const device = plain(one, frame);
  const profile = Float64Array.from(one.profile_w, (w, step) => w * (hours[Math.min(from + step, hours.length - 1)] ?? 0));
  device.profile = profile;
  // Where it may begin.
  device.maxIn = hours.map((_, slot) => (slot >= from && slot + profile.length <= until ? 1 : 0));
  device.low[Math.max(0, until - 1)] = profile.reduce((sum, wh) => sum + wh, 0);
  return device;
}

/** Its fill is what it has been denied, counted downwards: 0 is nothing, and it fills as soon as it is free. */
function blockable(one: Of<"blockable">, frame: Frame): Device {
  const device = plain(one, frame);
  const expected = frame.series(one.expected_w, `${frame.path}.expected_w`, 0).map((w) => Math.max(0, Math.min(w, one.power_w)));
  device.maxIn = energy(frame, one.power_w);
  device.add = expected.map((w, slot) => -w * (frame.hours[slot] ?? 0));
  device.ceiling = 0;
  device.high = all(frame.hours.length, 0);
  // No more than a block can deny it, however long somebody says that it has lasted.
  const blockedMinutes = Math.min(one.blocked_minutes, one.max_block_minutes);
  device.initial = (-(expected[0] ?? 0) * blockedMinutes) / 60;
  // More than it can be denied: a grid needs an end.
  device.floor = -3 * Math.max(1, ...device.maxIn) * Math.max(1, slotsIn(one.max_block_minutes, frame.hours));
  device.ownWill = true;
  device.run = runRules(
    {
      minOn: one.min_free_minutes,
      minOff: 0,
      maxOff: one.max_block_minutes,
      once: false,
      startCost: one.start_cost,
      wasOn: blockedMinutes === 0,
      wasFor: blockedMinutes === 0 ? Infinity : blockedMinutes,
    },
    frame.hours,
  );
  // What is owed at the end is not a saving.
  device.low[frame.hours.length - 1] = 0;
  return device;
}

function between(one: Of<"deferrable"> | Of<"cycle">, frame: Frame): [number, number] {
  const from = frame.slotOf(one.from, `${frame.path}.from`);
  const until = one.until === undefined ? frame.hours.length : frame.slotOf(one.until, `${frame.path}.until`);
  if (from >= until) frame.notes.push(`${frame.path} has no slot between from and until; nothing can run`);
  return [from, until];
}
