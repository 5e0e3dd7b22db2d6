import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { ModbusBus } from "../bus/modbus-bus.ts";
import type { Relay } from "./relay.ts";

/** Options in YAML. `inverted`: the coil is on while the contact is open. */
export const ModbusCoilOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  /** Number of the coil as on the wire, from 0. */
  coil: z.int().min(0).max(65_535),
  inverted: z.boolean().default(false),
});

/** A contact of a relay board on a Modbus line. Each switching is read back. */
export function modbusCoil(options: { name: string; bus: ModbusBus; unit: number; coil: number; inverted: boolean }): Relay {
  const { name, bus, unit, coil, inverted } = options;
  const isClosed = async (): Promise<boolean> => {
    const [on = false] = await bus.readCoils(unit, coil, 1);
    return on !== inverted;
  };
  return {
    name,
    async set(closed) {
      await bus.writeCoil(unit, coil, closed !== inverted);
      if ((await isClosed()) !== closed)
        throw new AppError(
          "relay-not-switched",
          `relay ${name} (unit ${unit}, coil ${coil}) took the command but reads ${closed ? "open" : "closed"}; check the board`,
          { temporary: true },
        );
    },
    isClosed,
  };
}
