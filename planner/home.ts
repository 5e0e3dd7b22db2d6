/** Rules for going on and off, in slots. A slot in which it cannot run, such as a car that is away, ends a run however short. */
export interface RunRules {
  minOn: number;
  minOff: number;
  /** Longest time off in one piece, then minOn applies; Infinity where it may stay off. */
  maxOff: number;
  /** Runs once, in one piece. */
  once: boolean;
  /** Money for each start. */
  startCost: number;
  wasOn: boolean;
  /** Slots that it must still stay as it stood before the plan. */
  mustStay: number;
  /** Slots that it may still stay off where it was off; Infinity where it may stay so. */
  mayStayOff: number;
}

/**
 * One appliance as all engines see it (S2 FRBC): a fill level x in Wh, and energy in and out in each slot.
 * x' = keep * x + gain * in - drain * out + add. Arrays have one entry a slot, energies are Wh at the house's side.
 */
export interface Device {
  name: string;
  type: string;
  initial: number;
  keep: Float64Array;
  gain: Float64Array;
  drain: number;
  add: Float64Array;
  /** Wishes for x at the end of each slot; may be missed, at a price and by name. */
  low: Float64Array;
  high: Float64Array;
  /** What x cannot pass, such as a full battery: energy that would lift it further does not go in. */
  floor: number;
  ceiling: number;
  /** It takes 0, or from minIn to maxIn. */
  minIn: Float64Array;
  maxIn: Float64Array;
  maxOut: Float64Array;
  /** Only 0 or maxIn. */
  onOff: boolean;
  /** Least energy in, until it is full; 0 none. */
  demand: Float64Array;
  /** Money for each Wh in and each Wh out. */
  wear: number;
  /** Money for each Wh of x at the end. */
  finalValue: number;
  /** Money for each Wh of x that a wish misses, at the end of each slot; for demand, of energy. */
  shortfallPrice: number;
  chargeFromGrid: boolean;
  dischargeToGrid: boolean;
  run: RunRules;
  /** A programme that runs once: Wh in each of its slots. Bounds are then those of its first slot. */
  profile: Float64Array | null;
  /** Runs by its own thermostat when it is free: what it takes then is not chosen. */
  ownWill: boolean;
  /** What x is called outside: Wh, or a temperature. */
  state: { unit: "Wh" | "°C"; of: (x: number) => number };
}

/** What a home bought and sold of each slot at an exchange, Wh, and what it costs not to do so, money per Wh. */
export interface TradedEnergy {
  boughtWh: Float64Array;
  soldWh: Float64Array;
  /** What a Wh brings that was bought and is not drawn. */
  undrawnPrice: Float64Array;
  /** What a Wh costs that was sold and is not fed in. */
  unfedPrice: Float64Array;
}

/** A home as all engines see it. Energies in Wh a slot, money in the currency, prices per Wh. */
export interface Home {
  startMs: number | null;
  /** Length of each slot, h. */
  hours: Float64Array;
  importPrice: Float64Array;
  exportPrice: Float64Array;
  baseWh: Float64Array;
  pvWh: Float64Array;
  curtailable: boolean;
  importLimitWh: Float64Array;
  exportLimitWh: Float64Array;
  /** Null where nothing was. */
  traded: TradedEnergy | null;
  /** Money per W above alreadyW. */
  capacity: { pricePerW: number; alreadyW: number } | null;
  /** Money for each Wh that a wish lacks, where the problem says nothing else of it. */
  wishPrice: number;
  /** Money for each Wh beyond a limit of the grid: above every wish. */
  gridPenalty: number;
  devices: Device[];
  /** What had to be assumed. */
  notes: string[];
}

/** Energy of one appliance in each slot, Wh at the house's side. */
export interface Flow {
  in: Float64Array;
  out: Float64Array;
}
