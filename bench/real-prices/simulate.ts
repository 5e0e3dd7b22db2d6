import { batteryFlow, clamp, comfort, heldBack, protectedLoads } from "./local-protection.ts";

/**
 * A home's physics and its local protections, written apart from the planner's: what a plan is worth shows here.
 * One step a slot; what an appliance draws in a slot is spread evenly over it.
 */
export interface TrialHome {
  batteryWh: number;
  batteryMaxW: number;
  /** One way. */
  batteryEfficiency: number;
  tankWhPerK: number;
  tankLossWPerK: number;
  tankW: number;
  roomWhPerK: number;
  roomLossWPerK: number;
  roomGainW: number;
  heatW: number;
  carMaxW: number;
  carMinW: number;
  carEfficiency: number;
  fuseW: number;
}

/** A car's stay. Slots are those of the trial. */
export interface Session {
  from: number;
  until: number;
  /** Wanted at the car's side, Wh. */
  wh: number;
}

/** What comes from outside a home's stores; one entry a slot. */
export interface SlotSeries {
  /** Money per kWh. */
  importPrice: number[];
  exportPrice: number[];
  baseWh: number[];
  pvWh: number[];
  drawWh: number[];
  outdoorC: number[];
  cop: number[];
}

/** What really comes. */
export interface Reality extends SlotSeries {
  hours: number;
  sessions: Session[];
}

/** What is in the stores. */
export interface State {
  batteryWh: number;
  tankC: number;
  roomC: number;
  /** Wanted by each session and not yet given, Wh at the car's side. */
  carLeftWh: number[];
}

/** What a strategy asks for in a slot, Wh at the house's side. */
export interface Command {
  carWh: number;
  /** The car takes only what the house has left over, as chargers with a surplus mode do. */
  carFollows?: boolean;
  /** The car pauses until its gateway's latest safe start, to the minute, whatever is asked. */
  carWaits?: boolean;
  /** Car and tank may also take what would be sold otherwise. */
  carTakesSpare?: boolean;
  tankTakesSpare?: boolean;
  tankWh: number;
  heatWh: number;
  /**
   * "fixed" takes (or gives, negative) so much. "follow" keeps the meter at zero as far as it can; "spare" only takes what is
   * left over; "serve" only gives what is missing, up to a limit.
   */
  battery: { mode: "fixed"; wh: number } | { mode: "follow" | "spare" } | { mode: "serve"; mostWh?: number };
  /** PV is held back where it costs money. */
  curtails: boolean;
}

/** What became of a strategy. */
export interface Run {
  /** Import minus export, money. */
  bill: number;
  peakW: number;
  /** Below comfort at the ends of slots, tank and room. */
  kelvinHours: number;
  missedKwh: number;
  /** Times that car, tank or heat pump went on or off. */
  switches: number;
  final: State;
  tankC: number[];
  roomC: number[];
  /** Wh across the meter; positive is import. */
  netWh: number[];
  /** Energy in each slot, Wh at the house's side. */
  flows: { car: number; tank: number; heat: number; battery: number; curtailed: number }[];
}

/** Energy of a slot, Wh at the house's side; positive is taken. */
export interface SlotDraws {
  net: number;
  base: number;
  pv: number;
  car: number;
  tank: number;
  heat: number;
  battery: number;
  curtailed: number;
}

/** A home that goes through what really comes, slot by slot. */
export interface HouseRun {
  run: Run;
  /** What is in the stores now. */
  state(): State;
  /** What would cross the meter in this slot, Wh, without doing it. */
  peek(slot: number, asked: Command): number;
  /** The same by what draws it. */
  look(slot: number, asked: Command): SlotDraws;
  /** Carries a command out; slots come in order. */
  step(slot: number, asked: Command): void;
}

/** Opens a home at its start. */
export function houseRun(home: TrialHome, reality: Reality, start: Omit<State, "carLeftWh">): HouseRun {
  const { hours } = reality;
  const state: State = { ...start, carLeftWh: reality.sessions.map(({ wh }) => wh) };
  const run: Run = {
    bill: 0,
    peakW: 0,
    kelvinHours: 0,
    missedKwh: 0,
    switches: 0,
    final: state,
    tankC: [],
    roomC: [],
    netWh: [],
    flows: [],
  };
  const thermostat = { tank: false, room: false };
  const was = { car: false, tank: false, heat: false };
  const slotOf = (slot: number, asked: Command, on: typeof thermostat) => {
    const here = protectedLoads(home, reality, slot, state, asked, on);
    const pv = reality.pvWh[slot] ?? 0;
    const rest = (reality.baseWh[slot] ?? 0) - pv + here.tank + here.heat;
    const freeWh = home.fuseW * hours - rest;
    const least = Math.min(home.carMinW * hours, here.carMost) * 0.999;
    // It goes on with its least power through a cloud.
    if (asked.carFollows && !here.carLate) here.car = -rest < least / 2 ? 0 : clamp(-rest, least, Math.max(least, here.car));
    here.car = Math.min(here.car, Math.max(0, freeWh));
    if (here.car < least && !asked.carWaits) here.car = 0;
    const battery = batteryFlow(home, hours, state, asked.battery, { net: rest + here.car, free: freeWh - here.car });
    let net = rest + here.car + battery;
    if (asked.carTakesSpare && battery >= 0) {
      const more = clamp(-net, 0, here.carMost - here.car);
      if (here.car + more >= least) [here.car, net] = [here.car + more, net + more];
    }
    if (asked.tankTakesSpare && battery >= 0) {
      const more = clamp(-net, 0, here.tankMost - here.tank);
      [here.tank, net] = [here.tank + more, net + more];
    }
    const curtailed = asked.curtails ? heldBack(home, reality, slot, net) : 0;
    return { here, battery, curtailed, net: net + curtailed };
  };
  return {
    run,
    state: () => ({ ...state, carLeftWh: [...state.carLeftWh] }),
    peek: (slot, asked) => slotOf(slot, asked, { ...thermostat }).net,
    look(slot, asked) {
      const { here, battery, curtailed, net } = slotOf(slot, asked, { ...thermostat });
      const [base, pv] = [reality.baseWh[slot] ?? 0, reality.pvWh[slot] ?? 0];
      return { net, base, pv, car: here.car, tank: here.tank, heat: here.heat, battery, curtailed };
    },
    step(slot, asked) {
      const { here, battery, curtailed, net } = slotOf(slot, asked, thermostat);
      state.batteryWh += battery >= 0 ? battery * home.batteryEfficiency : battery / home.batteryEfficiency;
      for (const [index, session] of reality.sessions.entries())
        if (slot >= session.from && slot < session.until)
          state.carLeftWh[index] = Math.max(0, (state.carLeftWh[index] ?? 0) - here.car * home.carEfficiency);
      state.tankC = here.tankAfterC(here.tank);
      state.roomC = here.roomC;
      run.bill += (net / 1000) * ((net >= 0 ? reality.importPrice[slot] : reality.exportPrice[slot]) ?? 0);
      run.peakW = Math.max(run.peakW, net / hours);
      run.kelvinHours += (Math.max(0, comfort.tankC - state.tankC) + Math.max(0, comfort.roomC - state.roomC)) * hours;
      run.tankC.push(state.tankC);
      run.roomC.push(state.roomC);
      run.netWh.push(net);
      run.flows.push({ car: here.car, tank: here.tank, heat: here.heat, battery, curtailed });
      for (const name of ["car", "tank", "heat"] as const) {
        const on = here[name] > 1e-6;
        if (on !== was[name]) run.switches += 1;
        was[name] = on;
      }
      // Of stays that are not over nobody can say what they miss.
      run.missedKwh = state.carLeftWh.reduce((sum, wh) => sum + wh, 0) / 1000;
    },
  };
}

/** Runs a strategy through what really comes. */
export function simulate(
  home: TrialHome,
  reality: Reality,
  start: Omit<State, "carLeftWh">,
  strategy: (slot: number, state: State) => Command,
): Run {
  const house = houseRun(home, reality, start);
  for (let slot = 0; slot < reality.importPrice.length; slot += 1) house.step(slot, strategy(slot, house.state()));
  return house.run;
}
