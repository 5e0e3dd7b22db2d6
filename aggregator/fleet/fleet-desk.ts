import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ConfigOrder } from "../../core/message/remote-config.ts";
import { errorMessage } from "../../core/app-error.ts";
import type { Send } from "../dispatch/sender.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { GatewayConfig, Rollout } from "../store/fleet-store.ts";
import { gatewayState } from "./gateway-states.ts";
import { stepRollout } from "./step-rollout.ts";

/** Brings configuration to gateways, stage by stage, and takes it back where that goes wrong. */
export interface FleetDesk {
  /** Goes on with the roll-out that is under way: every few seconds. */
  follow(): Promise<void>;
  /** Tells a gateway again what is wanted of it, where it has not said that it knows. */
  remind(site: string): Promise<void>;
}

/** A gateway that was off for a month still learns of it. */
const orderLifetimeS = 30 * 24 * 3600;
/** Without a roll-out that says otherwise. */
const usualTrialS = 300;
/** Roll-outs that may have been stopped since somebody looked. */
const mostAborted = 10;

export function fleetDesk(options: {
  store: AggregatorStore;
  send: Send;
  sites: readonly string[];
  uuid: () => string;
  clock: Clock;
  log: Log;
}): FleetDesk {
  const { store, clock, log } = options;
  const known = new Set(options.sites);
  const tell = async (site: string, { revision, wanted }: Pick<GatewayConfig, "revision" | "wanted">, trialS: number) => {
    if (revision === null) return;
    const order: ConfigOrder = { v: 1, revision, config: wanted, trialS };
    await options
      .send(site, "config", "config", order, { lifetimeS: orderLifetimeS, retain: true })
      // It is wanted still: the gateway is told when it is there again.
      .catch((error: unknown) => log.debug({ site, error: errorMessage(error) }, "configuration not sent"));
  };
  /** What is wanted of those that did not keep it is what was wanted before: none of them may come upon it later. */
  const takeBack = async ({ id, revision, rules }: Rollout): Promise<void> => {
    const left = (await store.rolloutSites(id)).filter(({ state }) => state !== "waiting" && state !== "kept");
    for (const { site, before } of left) {
      if ((await store.gatewayConfig(site))?.revision !== revision) continue;
      const wanted = before ?? { revision: options.uuid(), wanted: {} };
      await store.want(site, wanted);
      if (known.has(site)) await tell(site, wanted, rules.trialS);
    }
  };
  const end = async (rollout: Rollout, change: { state: "done" } | { state: "aborted"; reason: string }): Promise<void> => {
    const { id } = rollout;
    const endedMs = clock.now();
    const isAborted = change.state === "aborted";
    const changed = await store.audited(
      (part) => part.changeRollout(id, ["running", "paused"], { ...change, endedMs }),
      (done) =>
        done && isAborted
          ? { atMs: endedMs, who: "aggregator", action: "rollout.abort", site: null, detail: { id, reason: change.reason } }
          : null,
    );
    if (!changed) return;
    if (isAborted) log.error({ rollout: id, reason: change.reason }, "roll-out stopped");
    else log.info({ rollout: id }, "roll-out done");
  };
  const followOne = async (rollout: Rollout): Promise<void> => {
    const { id, rules } = rollout;
    const sites = await store.rolloutSites(id);
    const gateways = new Map((await store.gatewayConfigs()).map((gateway) => [gateway.site, gateway]));
    const step = stepRollout(rollout, sites, gateways, clock.now());
    for (const { site, ...rest } of step.ended) {
      await store.changeRolloutSite(id, site, { ...rest, endedMs: clock.now() });
      if (rest.state !== "kept") log.warn({ rollout: id, site, ...rest }, "gateway did not keep its configuration");
    }
    for (const site of step.send) {
      // Kept first: whatever happens now, it is known that the gateway may have it.
      await store.wantRollout(rollout, site, clock.now());
      log.info({ rollout: id, site, at: iso(clock.now()) }, "configuration sent");
      if (known.has(site)) await tell(site, rollout, rules.trialS);
    }
    const { change } = step;
    if (change && "stage" in change) await store.changeRollout(id, ["running"], change);
    else if (change) await end(rollout, change);
  };
  /** Roll-outs whose end has been followed by this process. */
  const takenBack = new Set<number>();
  return {
    async follow() {
      const open = await store.openRollout();
      if (open) await followOne(open);
      // Aborted here or by somebody at the command line, perhaps before a restart.
      for (const rollout of await store.rollouts(mostAborted)) {
        if (rollout.state !== "aborted" || takenBack.has(rollout.id)) continue;
        await takeBack(rollout);
        takenBack.add(rollout.id);
      }
    },
    async remind(site) {
      const gateway = await store.gatewayConfig(site);
      if (!gateway || !["behind", "silent"].includes(gatewayState(gateway))) return;
      const open = await store.openRollout();
      await tell(site, gateway, open?.revision === gateway.revision ? open.rules.trialS : usualTrialS);
    },
  };
}
