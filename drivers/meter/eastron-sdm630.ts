import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { PhaseReading } from "../../core/reading.ts";
import type { ModbusBus } from "../bus/modbus-bus.ts";
import { checkedReading } from "./checked-reading.ts";
import type { PollMeter, Stamp } from "./meter.ts";

/** Options in YAML. */
export const Sdm630Options = z.strictObject({
  unit_id: z.int().min(1).max(247),
  poll_s: z.number().min(1).max(300).default(5),
});

/**
 * Input registers, two words each, IEEE 754 float, high word first. One read of 76 words stays below the 80 that the meter allows.
 * Source: Eastron SDM630 Modbus V2 protocol, input registers 30001 on.
 */
const map = { voltageV: 0x00, currentA: 0x06, phaseW: 0x0c, totalW: 0x34, importKwh: 0x48, exportKwh: 0x4a };
const words = 0x4c;

/** Three-phase meter Eastron SDM630-Modbus and its kin (EM120, Kostal KEM-P) on a Modbus line. */
export function sdm630(options: { name: string; bus: ModbusBus; stamp: Stamp; unit: number; pollMs: number }): PollMeter {
  const { name, bus, stamp, unit } = options;
  return {
    kind: "poll",
    name,
    pollMs: options.pollMs,
    async read() {
      const block = await bus.readInputRegisters(unit, 0, words);
      const { receivedMs, clockSynced } = stamp();
      const at = (register: number): number | null => finite(block.readFloatBE(register * 2));
      const importWh = counterWh(name, at(map.importKwh));
      const exportWh = counterWh(name, at(map.exportKwh));
      const powerW = at(map.totalW);
      return checkedReading({
        meter: name,
        meterId: null,
        receivedMs,
        meterMs: null,
        clockSynced,
        quality: "valid",
        importWh,
        exportWh,
        tariffs: {},
        powerW: powerW === null ? null : Math.round(powerW),
        phases: [0, 2, 4].map((offset): PhaseReading => {
          const voltageV = at(map.voltageV + offset);
          const currentA = at(map.currentA + offset);
          const phaseW = at(map.phaseW + offset);
          return {
            ...(voltageV !== null && { voltageV }),
            ...(currentA !== null && { currentA }),
            ...(phaseW !== null && { powerW: Math.round(phaseW) }),
          };
        }),
        subMeters: [],
      });
    },
  };
}

/** The meter says NaN where it has no value. */
const finite = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** Rounding is monotonic, so a rising counter stays rising; above 16 MWh the float itself is coarser than 1 Wh. */
function counterWh(name: string, kwh: number | null): number | null {
  if (kwh === null) return null;
  const wh = Math.round(kwh * 1000);
  if (!Number.isSafeInteger(wh) || wh < 0)
    throw new AppError(
      "meter-impossible-reading",
      `meter ${name} sent a counter of ${kwh} kWh; check that it is an SDM630 with float registers`,
    );
  return wh;
}
