import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import type { ApplianceDevice } from "../appliance-device.ts";
import { chargerFamilies } from "./charger-families.ts";
import type { ChargerFamilyName } from "./charger-family-names.ts";
import { chargerRegisters } from "./charger-registers.ts";
import { chargerWatch } from "./charger-watch.ts";
import { chargerModes, currentRange, powerOf, stepsOf } from "./current-range.ts";

/** How often a limit in force is looked at until it is what was set. */
const mostLooks = 6;

/**
 * An EV charger on a Modbus line, whose power is set by its current at 230 V. Modes: off (0 A, or charging forbidden) and
 * charge. A power that is not a step of its current is rounded down; one below the least current is off.
 * A limit in force may be lower than what was set, by a limit of somebody else; it is never taken for followed when higher.
 * @param options.minA least current that it is set to, A, from 6 on; @param options.maxA most, A, for each phase
 * @param options.pauseMs wall time between two looks at a limit in force; default 500
 * @throws AppError device-bad-options where no current is left
 */
export function modbusCharger(options: {
  name: string;
  bus: ModbusBus;
  unit: number;
  family: ChargerFamilyName;
  minA: number;
  maxA: number;
  phases: 1 | 3;
  pauseMs?: number;
}): ApplianceDevice {
  const { name, bus, unit, minA, maxA, phases, pauseMs = 500 } = options;
  const family = chargerFamilies[options.family];
  const { limit, allow, held, mostA, stepsPerA } = family;
  const range = currentRange({ name, minA, maxA, mostA, stepsPerA, phases });
  const registers = chargerRegisters({ name, bus, unit, range });
  const watch = chargerWatch(name, family, registers);

  const setAllowed = async (allowed: boolean): Promise<void> => {
    if (!allow) return;
    if ("coil" in allow) await bus.writeCoil(unit, allow.coil, allowed);
    else await registers.writeNumber(allow.write, allowed ? 1 : 0);
  };
  const write = async (steps: number): Promise<void> => {
    // What has a switch of its own takes no limit of 0 A.
    if (steps > 0 || !allow) await registers.writeSteps(limit.write, steps);
    await setAllowed(steps > 0);
  };
  const read = async (): Promise<number> => {
    if (allow && "coil" in allow) {
      const [allowed] = await bus.readCoils(unit, allow.coil, 1);
      if (!allowed) return 0;
    }
    if (held) {
      const state = await registers.readNumber(held.register);
      if (state !== null && held.states.includes(state)) return 0;
    }
    return registers.readSteps(limit.read);
  };
  const check = async (steps: number): Promise<void> => {
    for (let look = 1; ; look++) {
      const stands = await read();
      if (stands === steps || (limit.reads === "in-force" && stands < steps)) return;
      if (limit.reads === "setpoint" || look === mostLooks)
        throw new AppError(
          "device-not-following",
          `charger ${name} (unit ${unit} on ${bus.name}) was set to ${steps / stepsPerA} A and reads ${stands / stepsPerA} A; does something else control it, or is its Modbus control switched off?`,
          { temporary: true },
        );
      await delay(pauseMs);
    }
  };

  const device: ApplianceDevice = {
    name,
    modes: chargerModes(range),
    async set(setting) {
      const steps = stepsOf(range, setting);
      // Nothing delays less; more only where the charger will fall back by itself.
      if (steps > 0) await watch?.renew();
      await write(steps);
      await check(steps);
      if (steps === 0) await watch?.renew();
    },
    async read() {
      const steps = await read();
      return steps === 0 ? { mode: "off", powerW: 0 } : { mode: "charge", powerW: powerOf(range, steps) };
    },
  };
  if (!watch) return device;
  return {
    ...device,
    arm: (failsafe, timeoutS) => watch.arm(stepsOf(range, failsafe), timeoutS),
    get keepAliveS() {
      return watch.keepAliveS();
    },
  };
}
