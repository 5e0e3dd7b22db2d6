import { restingMode } from "../../core/resting-mode.ts";
import type { MeteredDevice } from "../../settlement/record/check-record.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { resourceOf } from "../publish/resource-report.ts";

/** Appliances with a load meter of their own, with what they draw when they run by themselves, as the aggregator is told. */
export function meteredDevices({ appliances, site }: Pick<AgentConfig, "appliances" | "site">): MeteredDevice[] {
  return appliances.flatMap((appliance) => {
    const { meter, name: resource } = appliance;
    return meter === null ? [] : [{ resource, meter, powerW: restingMode(resourceOf(appliance, site, true))?.powerW ?? 0 }];
  });
}
