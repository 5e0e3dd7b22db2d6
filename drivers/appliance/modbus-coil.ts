import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { ModbusBus } from "../bus/modbus-bus.ts";
import type { Relay } from "./relay.ts";

/** Options in YAML. `inverted`: the coil is on while the contact is open. `timer`: whose commands open it after a time. */
export const ModbusCoilOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  /** Number of the coil as on the wire, from 0. */
  coil: z.int().min(0).max(65_535),
  inverted: z.boolean().default(false),
  timer: z.enum(["none", "waveshare"]).default("none"),
});

/** Time of one count of a Waveshare board, and the most counts it takes. */
const countMs = 100;
const mostCounts = 0x7fff;
/** Added to the coil's number: on for a time, then off; and off for a time, then on. */
const flashOn = 0x0200;
const flashOff = 0x0400;

/**
 * A contact of a relay board on a Modbus line. Each switching is read back.
 * @param options.timer "waveshare" for boards that open a contact by themselves: Waveshare's Modbus RTU Relay with development
 * protocol V2 and later takes function 5 at 0x0200 + coil ("flash on") and 0x0400 + coil ("flash off") with the time in 100 ms
 * as its value. Source: Waveshare wiki, "Modbus RTU Relay" and "Modbus POE ETH Relay", development protocol V2; the same words
 * in public programs (a-mkh/waveshare-relay, nobrega8/mbmap-library). That a command during the time begins it anew is how
 * such a timer is understood, and is not said there: look at the board once before relying on it.
 */
export function modbusCoil(options: {
  name: string;
  bus: ModbusBus;
  unit: number;
  coil: number;
  inverted: boolean;
  timer?: "none" | "waveshare";
}): Relay {
  const { name, bus, unit, coil, inverted, timer = "none" } = options;
  const isClosed = async (): Promise<boolean> => {
    const [on = false] = await bus.readCoils(unit, coil, 1);
    return on !== inverted;
  };
  const check = async (closed: boolean): Promise<void> => {
    if ((await isClosed()) !== closed)
      throw new AppError(
        "relay-not-switched",
        `relay ${name} (unit ${unit}, coil ${coil}) took the command but reads ${closed ? "open" : "closed"}; check the board`,
        { temporary: true },
      );
  };
  const relay: Relay = {
    name,
    async set(closed) {
      await bus.writeCoil(unit, coil, closed !== inverted);
      await check(closed);
    },
    isClosed,
  };
  if (timer === "none") return relay;
  return {
    ...relay,
    async closeFor(ms) {
      const counts = Math.max(1, Math.floor(ms / countMs));
      if (!(ms > 0 && counts <= mostCounts))
        throw new AppError(
          "relay-bad-time",
          `relay ${name} cannot be closed for ${ms} ms: its timer takes more than 0 and up to ${mostCounts * countMs} ms`,
        );
      await bus.writeCoilWord(unit, coil + (inverted ? flashOff : flashOn), counts);
      await check(true);
    },
  };
}
