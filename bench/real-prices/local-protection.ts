import type { Command, Reality, State, TrialHome } from "./simulate.ts";

/** Temperatures that the appliances' own thermostats keep, and those that they never pass. */
export const comfort = {
  tankC: 50,
  tankUntilC: 52,
  tankMaxC: 75,
  roomC: 20,
  roomUntilC: 20.3,
  roomMaxC: 23,
  ambientC: 20,
} as const;

/** Temperature at a slot's end, by the steady state that it tends to. @param heatWh heat that comes in, evenly */
export function warmth(
  fromC: number,
  heatWh: number,
  store: { whPerK: number; lossWPerK: number; aroundC: number; hours: number },
): number {
  const steadyC = store.aroundC + heatWh / store.hours / store.lossWPerK;
  return steadyC + (fromC - steadyC) * Math.exp((-store.lossWPerK * store.hours) / store.whPerK);
}

/** Heat that brings a store to a temperature at the slot's end, Wh; may be negative. */
function heatTo(toC: number, fromC: number, store: Parameters<typeof warmth>[2]): number {
  const perWh = warmth(0, 1, { ...store, aroundC: 0 });
  return (toC - warmth(fromC, 0, store)) / perWh;
}

/** A value drawn into a range. */
export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/**
 * PV that is not worth to be made: none of it where taking from the grid earns money, as far as the fuse bears it, no export where
 * that costs some.
 */
export function heldBack(
  { fuseW }: TrialHome,
  { hours, importPrice, exportPrice, pvWh }: Reality,
  slot: number,
  net: number,
): number {
  const pv = pvWh[slot] ?? 0;
  if ((importPrice[slot] ?? 0) < 0) return clamp(fuseW * hours - net, 0, pv);
  return (exportPrice[slot] ?? 0) < 0 ? clamp(-net, 0, pv) : 0;
}

/** A gateway begins so much earlier than arithmetic says: this share of the run, and some minutes (agent/plan/needs.ts). */
const slack = { share: 0.1, hours: 1 / 6 };

/** How long of a slot an appliance runs that waits for its latest safe start, hours. @param leftHours until it has to be done */
function lateHours(runHours: number, leftHours: number, slotHours: number): number {
  return runHours <= 0 ? 0 : clamp(slotHours - leftHours + runHours * (1 + slack.share) + slack.hours, 0, slotHours);
}

/** What thermostats and the latest safe start make of what was asked; and where that leads. */
export function protectedLoads(
  home: TrialHome,
  reality: Reality,
  slot: number,
  state: State,
  asked: Command,
  on: { tank: boolean; room: boolean },
): {
  car: number;
  /** Most that the car can take. */
  carMost: number;
  /** It must charge now, or it will not be full. */
  carLate: boolean;
  tank: number;
  tankMost: number;
  heat: number;
  tankAfterC: (wh: number) => number;
  roomC: number;
} {
  const { hours } = reality;
  const tank = { whPerK: home.tankWhPerK, lossWPerK: home.tankLossWPerK, aroundC: comfort.ambientC, hours };
  const room = { whPerK: home.roomWhPerK, lossWPerK: home.roomLossWPerK, aroundC: reality.outdoorC[slot] ?? 0, hours };
  const coolerK = (reality.drawWh[slot] ?? 0) / home.tankWhPerK;
  const tankFor = (toC: number): number => heatTo(toC + coolerK, state.tankC, tank);
  const cop = reality.cop[slot] ?? 1;
  const gainWh = home.roomGainW * hours;
  const heatFor = (toC: number): number => (heatTo(toC, state.roomC, room) - gainWh) / cop;
  // A thermostat that has begun goes on until its upper end.
  on.tank = tankFor(comfort.tankC) > asked.tankWh + 1e-9 || (on.tank && tankFor(comfort.tankUntilC) > 1e-9);
  on.room = heatFor(comfort.roomC) > asked.heatWh + 1e-9 || (on.room && heatFor(comfort.roomUntilC) > 1e-9);
  const tankMost = Math.max(0, Math.min(home.tankW * hours, tankFor(comfort.tankMaxC)));
  const tankWh = clamp(on.tank ? Math.max(asked.tankWh, tankFor(comfort.tankUntilC)) : asked.tankWh, 0, tankMost);
  const heatWh = clamp(
    on.room ? Math.max(asked.heatWh, heatFor(comfort.roomUntilC)) : asked.heatWh,
    0,
    Math.max(0, Math.min(home.heatW * hours, heatFor(comfort.roomMaxC))),
  );
  const index = reality.sessions.findIndex(({ from, until }) => slot >= from && slot < until);
  const session = reality.sessions[index];
  const need = session ? (state.carLeftWh[index] ?? 0) / home.carEfficiency : 0;
  const most = home.carMaxW * hours;
  const isLate = session !== undefined && need > (session.until - slot - 1) * most;
  const waits = asked.carWaits === true && session !== undefined;
  return {
    car: Math.min(
      need,
      waits
        ? home.carMaxW * lateHours(need / home.carMaxW, (session.until - slot) * hours, hours)
        : isLate
          ? most
          : clamp(asked.carWh, 0, most),
    ),
    carMost: Math.min(need, most),
    carLate: isLate,
    tank: tankWh,
    tankMost,
    heat: heatWh,
    tankAfterC: (wh) => warmth(state.tankC, wh, tank) - coolerK,
    roomC: warmth(state.roomC, heatWh * cop + gainWh, room),
  };
}

/** What the battery takes (gives, negative) of what is asked. @param around net of the house without the battery, and what the fuse leaves for it, Wh */
export function batteryFlow(
  home: TrialHome,
  hours: number,
  { batteryWh }: State,
  asked: Command["battery"],
  around: { net: number; free: number },
): number {
  const most = home.batteryMaxW * hours;
  const taken = Math.max(0, Math.min(most, (home.batteryWh - batteryWh) / home.batteryEfficiency, around.free));
  const given = Math.max(0, Math.min(most, batteryWh * home.batteryEfficiency));
  switch (asked.mode) {
    case "fixed":
      return clamp(asked.wh, -given, taken);
    case "follow":
      return clamp(-around.net, -given, taken);
    case "spare":
      return clamp(-around.net, 0, taken);
    case "serve":
      return clamp(-around.net, -Math.min(given, asked.mostWh ?? Infinity), 0);
  }
}
