import { baseLoadW } from "./base-load.ts";
import { type Constraint, type ConstraintState, constraintList, constraintsAt, watchConstraints } from "./constraints.ts";
import { carAt, type ElectricCar, stepCar } from "./electric-car.ts";
import { count, type EnergyCounters } from "./energy-counters.ts";
import { batteryOf, type HouseBattery, stepBattery } from "./house-battery.ts";
import { type HeatedRoom, roomAt, stepRoom } from "./heated-room.ts";
import { localDays, type LocalTime } from "./local-day.ts";
import { seededRandom } from "./seeded-random.ts";
import { solarW, usualPeakW } from "./solar-panels.ts";
import { stepTank, tankAt, type WaterTank } from "./water-tank.ts";

/** Contacts of the house; open means no power, or a blocked heat pump. */
export const contacts = ["boiler", "ev", "heatpump"] as const;
/** One of them. */
export type Contact = (typeof contacts)[number];

/** Everything that a house remembers; plain JSON. */
export interface HouseState {
  seed: number;
  /** Seconds since 1970 UTC. */
  atS: number;
  closed: Record<Contact, boolean>;
  car: ElectricCar;
  tank: WaterTank;
  room: HeatedRoom;
  grid: EnergyCounters;
  /** Sub-meter on the heat pump. */
  pump: EnergyCounters;
  /** Peak power of the panels, W; 0 without any. */
  panelsW: number;
  /** What the panels have given in their life. */
  solarJ: number;
  battery: HouseBattery | null;
  /** Gas for cooking, dm3. */
  gasDm3: number;
  constraints: ConstraintState;
}

/** Power at this moment, integer W, import positive. */
export interface HousePower {
  base: number;
  ev: number;
  boiler: number;
  heatpump: number;
  /** Produced, positive. */
  solar: number;
  /** What the battery takes, negative where it gives. */
  battery: number;
  /** What the grid meter sees. */
  net: number;
}

/** A simulated house in winter: car, hot-water tank, heat pump, panels, perhaps a battery, and everything else, behind one grid meter. */
export interface House {
  readonly state: HouseState;
  power(): HousePower;
  /** Local time at the house's instant. */
  local(): LocalTime;
  /** Closes or opens a contact. */
  set(contact: Contact, closed: boolean): void;
  /** Lets time run to an instant in seconds, in steps of one second; true when a deadline was passed. */
  runTo(atS: number): boolean;
  constraints(): Constraint[];
}

/** A house as it stands at an instant, all contacts open. @param options.startMs rounded down to a second */
export function newHouse(options: { seed: number; startMs: number; panelsW?: number; batteryWh?: number }): HouseState {
  const { seed, panelsW = usualPeakW, batteryWh = 0 } = options;
  const random = seededRandom(seed);
  const atS = Math.floor(options.startMs / 1000);
  const room = roomAt(random);
  // Meters that have run for some years.
  const sinceWh = (name: string, wh: number): number => Math.floor(wh * (0.5 + random(name, 0))) * 3600;
  return {
    seed,
    atS,
    closed: { boiler: false, ev: false, heatpump: false },
    car: carAt(localDays()(atS), random),
    tank: tankAt(random),
    room,
    grid: {
      importJ: [sinceWh("grid-import-1", 9_000_000), sinceWh("grid-import-2", 7_000_000)],
      exportJ: [sinceWh("grid-export-1", 1_000_000), sinceWh("grid-export-2", 3_000_000)],
    },
    pump: { importJ: [0, 0], exportJ: [0, 0] },
    panelsW,
    solarJ: sinceWh("solar", 12_000_000),
    battery: batteryWh > 0 ? batteryOf(batteryWh) : null,
    gasDm3: Math.floor(400_000 * (0.5 + random("gas", 0))),
    constraints: constraintsAt(atS * 1000, room.temperatureC),
  };
}

/** The house that a state describes; it changes the state in place. Same state and contacts give the same house. */
export function house(state: HouseState): House {
  const random = seededRandom(state.seed);
  const localAt = localDays();
  const step = (): void => {
    const time = localAt(state.atS);
    const base = baseLoadW(time, random);
    const solar = solarW(time, random, state.panelsW);
    const ev = stepCar(state.car, time, 1, state.closed.ev, random);
    const boiler = stepTank(state.tank, time, 1, state.closed.boiler, random);
    const heatpump = stepRoom(state.room, time, 1, state.closed.heatpump, random);
    const beside = base + ev + boiler + heatpump - solar;
    const battery = state.battery ? stepBattery(state.battery, state.atS, beside) : 0;
    const net = beside + battery;
    count(state.grid, time, net, 1);
    count(state.pump, time, heatpump, 1);
    state.solarJ += solar;
    // The hob is electric; a little gas burns at supper.
    if (time.secondOfDay % 60 === 0 && time.secondOfDay >= 64_800 && time.secondOfDay < 67_200) state.gasDm3 += 4;
    state.atS += 1;
    power = { base, ev, boiler, heatpump, solar, battery, net };
  };
  let power: HousePower | undefined;
  /** Before the first step, and after a restart: what would be drawn now, worked out on a copy. */
  const present = (): HousePower => {
    const copy = house(structuredClone(state));
    copy.runTo(state.atS + 1);
    return copy.power();
  };
  return {
    state,
    power: () => (power ??= present()),
    local: () => localAt(state.atS),
    set: (contact, closed) => void (state.closed[contact] = closed),
    runTo(atS) {
      let passed = false;
      while (state.atS < atS) {
        step();
        const { tank, room, car } = state;
        const nowMs = state.atS * 1000;
        if (watchConstraints(state.constraints, nowMs, { tankC: tank.temperatureC, roomC: room.temperatureC, car }))
          passed = true;
      }
      return passed;
    },
    constraints: () => constraintList(state.constraints),
  };
}
