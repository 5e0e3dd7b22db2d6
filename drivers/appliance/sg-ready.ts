import { AppError } from "../../core/app-error.ts";
import type { ApplianceDevice } from "./appliance-device.ts";
import type { Relay } from "./relay.ts";

/** Contacts of each state: first and second input of the heat pump. @see SG-Ready label, BWP, version 1.1 */
const contacts = {
  /** State 1: blocked by the grid operator, at most 2 h. */
  lock: [true, false],
  /** State 2: runs by its own control. */
  normal: [false, false],
  /** State 3: invited to run and to store heat. */
  recommended: [false, true],
  /** State 4: told to run, as far as its own limits allow. */
  forced: [true, true],
} as const satisfies Record<string, readonly [boolean, boolean]>;

type SgReadyMode = keyof typeof contacts;

const isMode = (mode: string): mode is SgReadyMode => Object.hasOwn(contacts, mode);

/**
 * A heat pump with the two inputs of SG-Ready. Contacts that close the wrong way round are inverted at the relay.
 * @param ratedPowerW what it draws at most in any state but lock
 */
export function sgReady(options: { name: string; first: Relay; second: Relay; ratedPowerW: number }): ApplianceDevice {
  const { name, first, second, ratedPowerW } = options;
  const powerOf = (mode: SgReadyMode): number => (mode === "lock" ? 0 : ratedPowerW);
  return {
    name,
    modes: (["lock", "normal", "recommended", "forced"] as const).map((id) => ({ id, minW: powerOf(id), maxW: powerOf(id) })),
    async set({ mode }) {
      if (!isMode(mode))
        throw new AppError("device-unknown-mode", `${name} has no mode "${mode}"; it has lock, normal, recommended, forced`);
      const [one, other] = contacts[mode];
      // In this order no change passes through lock or forced on its way: a heat pump counts both.
      if (one) await second.set(other);
      await first.set(one);
      if (!one) await second.set(other);
    },
    async read() {
      const [one, other] = [await first.isClosed(), await second.isClosed()];
      const mode = one ? (other ? "forced" : "lock") : other ? "recommended" : "normal";
      return { mode, powerW: powerOf(mode) };
    },
    async close() {
      await first.close?.();
      await second.close?.();
    },
  };
}
