import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { Setting } from "../../core/setting.ts";
import type { ApplianceDevice } from "../../drivers/appliance/appliance-device.ts";

/** After such a silence of the agent a device that can goes to its failsafe setting by itself. Less than a lease. */
const deviceTimeoutS = 300;

/** An appliance with a device that may have a timeout of its own. */
interface Armed {
  resource: string;
  device: Pick<ApplianceDevice, "arm">;
  safe: Setting;
}

/** Sets the devices' own timeouts, once each, and again after one was away: it may have lost it. */
export function arming(log: Log): { arm(appliance: Armed): Promise<void>; lost(resource: string): void } {
  /** Set, or not to be had. */
  const armed = new Set<string>();
  return {
    async arm({ resource, device, safe }) {
      if (!device.arm || armed.has(resource)) return;
      try {
        await device.arm(safe, deviceTimeoutS);
        armed.add(resource);
      } catch (error) {
        // What it cannot do it is not asked again; what was lost on the way is.
        if (!(error instanceof AppError && error.temporary)) armed.add(resource);
        log.warn({ resource, code: errorCode(error), error: errorMessage(error) }, "appliance's own timeout is not set");
      }
    },
    lost: (resource) => void armed.delete(resource),
  };
}
