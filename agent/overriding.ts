import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { AgentApi } from "./api/status-server.ts";
import type { ControlLoop } from "./control-loop.ts";
import { acceptOverride, assertKnown } from "./plan/accept-override.ts";
import type { OverrideStore } from "./store/override-store.ts";

/** What the residents may say over the agent's socket; it is kept first, then followed at once. */
export function overriding(parts: {
  store: OverrideStore;
  resources: readonly string[];
  loop: Pick<ControlLoop, "trigger">;
  clock: Clock;
  log: Log;
}): Pick<AgentApi, "setOverride" | "clearOverride"> {
  const { store, loop, clock, log } = parts;
  return {
    setOverride(request) {
      const override = acceptOverride(request, parts.resources, clock.now());
      store.set(override);
      log.info({ ...override }, "override by the resident");
      loop.trigger();
      return override;
    },
    clearOverride(resource) {
      assertKnown(resource, parts.resources);
      store.clear(resource);
      log.info({ resource }, "override taken back");
      loop.trigger();
    },
  };
}
