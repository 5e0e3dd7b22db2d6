import type { NumberRegister } from "../number-register.ts";

/** A current in a register. */
export interface CurrentRegister extends NumberRegister {
  /** Counts of the register in one ampere. */
  perA: number;
}

/** How a charger notices that nobody speaks to it any more. */
export interface ChargerWatch {
  /** Seconds of silence; what is written may be read elsewhere. */
  timeout: { write: NumberRegister; read: NumberRegister; perS: number; leastS: number; mostS: number };
  failsafe: {
    write: CurrentRegister;
    read: CurrentRegister;
    /** It stops charging by itself in silence, also where this register is missing. */
    stopsWithout?: true;
  };
  /** Only writes end the silence, or the registers are lost when it restarts: both are written again with every setting. */
  rewrite?: true;
}

/** Everything about one family of EV chargers that speak Modbus, and where it is known from. */
export interface ChargerFamily {
  models: readonly string[];
  /** Public documents and programs that the registers are known from. */
  source: string;
  /** How far to believe it, and what was not seen. Nothing here was tried at a real charger of the family. */
  sure: string;
  /** Steps of the current in one ampere that it can be set to. */
  stepsPerA: number;
  /** Most that the family takes, A. */
  mostA: number;
  limit: {
    write: CurrentRegister;
    read: CurrentRegister;
    /** "setpoint" reads what was written; "in-force" what it works with, which other limits may make lower and which comes late. */
    reads: "setpoint" | "in-force";
  };
  /** What forbids charging. Absent: a limit of 0 A does. */
  allow?: { coil: number } | { write: NumberRegister };
  /** States in which it is held back, whatever the limit reads. */
  held?: { register: NumberRegister; states: readonly number[] };
  watch?: ChargerWatch;
  /** The installer sets timeout and failsafe in the charger's own tool; Modbus only shows them. */
  installed?: { failsafe: CurrentRegister; remainingS: NumberRegister; keepAliveS: number };
  /** Written when the timeout is set, so that it stays on the line. */
  prepare?: readonly { register: NumberRegister; value: number }[];
}
