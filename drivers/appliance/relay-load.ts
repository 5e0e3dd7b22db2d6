import type { Setting } from "../../core/setting.ts";
import type { ApplianceDevice } from "./appliance-device.ts";
import type { Relay } from "./relay.ts";

/** A load that is on while its contact is closed: a water heater, a pool pump, a heat pump's blocking input. */
export function relayLoad(options: { name: string; relay: Relay; ratedPowerW: number }): ApplianceDevice {
  const { name, relay, ratedPowerW } = options;
  const off: Setting = { mode: "off", powerW: 0 };
  const on: Setting = { mode: "on", powerW: ratedPowerW };
  let timeoutMs: number | null = null;
  return {
    name,
    modes: [
      { id: "off", minW: 0, maxW: 0 },
      { id: "on", minW: ratedPowerW, maxW: ratedPowerW },
    ],
    async set({ mode }) {
      if (mode !== "on") await relay.set(false);
      else if (relay.closeFor && timeoutMs !== null) await relay.closeFor(timeoutMs);
      else await relay.set(true);
      return mode === "on" ? on : off;
    },
    read: async () => ((await relay.isClosed()) ? on : off),
    // A timer of a contact can only open it again.
    async arm(failsafe, timeoutS) {
      if (relay.closeFor && failsafe.mode === "off") timeoutMs = timeoutS * 1000;
    },
    close: () => relay.close?.(),
    get keepAliveS() {
      return timeoutMs === null ? undefined : timeoutMs / 3000;
    },
  };
}
