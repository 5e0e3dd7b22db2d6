import { AppError } from "../../../core/app-error.ts";
import { ModbusException } from "../../bus/modbus-bus.ts";
import type { ChargerFamily, ChargerWatch } from "./charger-family.ts";
import type { ChargerRegisters } from "./charger-registers.ts";

/** What a charger does when nobody speaks to it. */
export interface Watch {
  /** @param failsafe steps of the current */
  arm(failsafe: number, timeoutS: number): Promise<void>;
  /** Looks whether it is still armed, and arms it again where it forgot. */
  renew(): Promise<void>;
  keepAliveS(): number | undefined;
}

/** What was written at last, and how the failsafe current stands in its register since. */
interface Armed {
  steps: number;
  seconds: number;
  stands: number | null;
}

const cannotArm = (text: string): AppError => new AppError("device-cannot-arm", text);

/** Undefined for a family that keeps its setting for good. */
export function chargerWatch(name: string, family: ChargerFamily, registers: ChargerRegisters): Watch | undefined {
  if (family.watch) return settable(name, family, family.watch, registers);
  if (family.installed) return installed(name, family.installed, registers);
  return undefined;
}

function settable(name: string, { prepare = [] }: ChargerFamily, watch: ChargerWatch, registers: ChargerRegisters): Watch {
  const { timeout, failsafe, rewrite = false } = watch;
  let armed: Armed | undefined;

  const follows = (what: string, wanted: number, read: number | null): void => {
    if (read !== wanted)
      throw new AppError(
        "device-not-following",
        `charger ${name} was given the ${what} ${wanted} and reads ${read ?? "nothing"}`,
        {
          temporary: true,
        },
      );
  };
  const setFailsafe = async (steps: number): Promise<void> => {
    try {
      const written = await registers.writeSteps(failsafe.write, steps);
      follows("failsafe current (in its steps)", written, await registers.readSteps(failsafe.read));
    } catch (error) {
      if (!(error instanceof ModbusException && failsafe.stopsWithout)) throw error;
      if (steps > 0)
        throw cannotArm(`charger ${name} has no register for a failsafe current (${error.message}); it can only stop`);
    }
  };
  const setTimeout = async (seconds: number): Promise<void> => {
    const counts = Math.floor(seconds * timeout.perS);
    await registers.writeNumber(timeout.write, counts);
    follows("communication timeout (in its register)", counts, await registers.readNumber(timeout.read));
  };
  /** As it stands in its register; null where there is none. */
  const failsafeStands = async (): Promise<number | null> => {
    try {
      return await registers.readNumber(failsafe.read);
    } catch (error) {
      if (error instanceof ModbusException && failsafe.stopsWithout) return null;
      throw error;
    }
  };
  const write = async (steps: number, seconds: number): Promise<void> => {
    for (const { register, value } of prepare) await registers.writeNumber(register, value);
    await setFailsafe(steps);
    await setTimeout(seconds);
    armed = { steps, seconds, stands: await failsafeStands() };
  };
  const forgot = async ({ seconds, stands }: Armed): Promise<boolean> =>
    (await registers.readNumber(timeout.read)) !== Math.floor(seconds * timeout.perS) || (await failsafeStands()) !== stands;

  return {
    async arm(steps, timeoutS) {
      const seconds = Math.min(timeoutS, timeout.mostS);
      if (!(seconds >= timeout.leastS))
        throw cannotArm(`charger ${name} takes a communication timeout of ${timeout.leastS} s at least, not ${timeoutS} s`);
      await write(steps, seconds);
    },
    async renew() {
      if (armed && (rewrite || (await forgot(armed)))) await write(armed.steps, armed.seconds);
    },
    keepAliveS: () => armed && armed.seconds / 3,
  };
}

function installed(
  name: string,
  { failsafe, remainingS, keepAliveS }: NonNullable<ChargerFamily["installed"]>,
  registers: ChargerRegisters,
): Watch {
  return {
    async arm(steps, timeoutS) {
      const safe = await registers.readSteps(failsafe);
      if (safe > steps)
        throw cannotArm(
          `charger ${name} falls back to more current than its failsafe allows; lower the safe current in the maker's installer tool`,
        );
      const remaining = await registers.readNumber(remainingS);
      if (remaining !== null && remaining > timeoutS)
        throw cannotArm(
          `charger ${name} keeps a setting for ${remaining} s, more than ${timeoutS} s; shorten the validity time in the maker's installer tool`,
        );
    },
    renew: () => Promise.resolve(),
    keepAliveS: () => keepAliveS,
  };
}
