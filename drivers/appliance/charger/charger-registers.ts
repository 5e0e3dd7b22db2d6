import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import { readNumber, writeNumber, type NumberRegister } from "../number-register.ts";
import type { CurrentRegister } from "./charger-family.ts";
import type { CurrentRange } from "./current-range.ts";

/** IEC 61851-1: a pilot signal of less than this lets no car charge, A. */
const leastPilotA = 6;
/** No home charger has more, A. */
const mostBelievedA = 80;
/** Chargers that measure their limit read 5.99 A for 6. */
const hairA = 0.05;

/** The registers of one charger, its currents in the steps of its range. */
export interface ChargerRegisters {
  readNumber(register: NumberRegister): Promise<number | null>;
  writeNumber(register: NumberRegister, value: number): Promise<void>;
  /** Steps; 0 for a current that no car charges with. @throws AppError device-bad-answer for one that cannot be */
  readSteps(register: CurrentRegister): Promise<number>;
  /** Rounded down to what the register counts, and to 0 below the least current. Returns the steps that this is. */
  writeSteps(register: CurrentRegister, steps: number): Promise<number>;
}

/** The registers of one unit. */
export function chargerRegisters(options: { name: string; bus: ModbusBus; unit: number; range: CurrentRange }): ChargerRegisters {
  const { name, bus, unit, range } = options;
  const { stepsPerA, least } = range;
  return {
    readNumber: (register) => readNumber(bus, unit, register),
    writeNumber: (register, value) => writeNumber(bus, unit, register, value),
    async readSteps(register) {
      const raw = await readNumber(bus, unit, register);
      const ampere = raw === null ? NaN : raw / register.perA;
      if (!(ampere >= 0 && ampere <= mostBelievedA))
        throw new AppError(
          "device-bad-answer",
          `charger ${name} (unit ${unit} on ${bus.name}) says ${raw === null ? "nothing" : `${ampere} A`} in register ${register.address}, expected 0 to ${mostBelievedA} A; check family and unit_id`,
          { temporary: true },
        );
      return ampere < leastPilotA - hairA ? 0 : Math.round(ampere * stepsPerA);
    },
    async writeSteps(register, steps) {
      const counts = (steps * register.perA) / stepsPerA;
      const value = register.type === "f32" ? counts : Math.floor(counts);
      const written = Math.floor((value * stepsPerA) / register.perA + 1e-6);
      const kept = written >= least ? written : 0;
      await writeNumber(bus, unit, register, kept === 0 ? 0 : value);
      return kept;
    },
  };
}
