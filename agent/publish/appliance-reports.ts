import type { Clock } from "../../core/clock/clock.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { ComfortWatch } from "../comfort.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Sharing } from "../consents.ts";
import type { ApplianceNow } from "../control-loop.ts";
import type { GivenWh } from "../given-energy.ts";
import type { Switching } from "../store/control-store.ts";
import { overrideAt, type Override } from "../plan/override.ts";
import { resourceOf, statusOf } from "./resource-report.ts";
import type { StoreForecast } from "./storage-report.ts";

/** What the aggregator hears of the appliances. */
export interface ApplianceReports {
  /** How they stand: each at a change, or when a while has passed. */
  report(now: readonly ApplianceNow[]): void;
  /** What may be controlled. */
  describe(): void;
  /** From now on each is told anew. */
  forget(): void;
}

const reportEveryMs = 15 * 60_000;
/** So much more or less in a storage is told at once, % or °C: a plan rests on it. */
const toldFill = 5;

/** Says nothing while nobody is connected: what is not told then is told at the next connection. */
export function applianceReports(options: {
  config: Pick<AgentConfig, "appliances" | "site">;
  clock: Pick<Clock, "now">;
  connected: () => boolean;
  /** Retained. */
  tell: (rest: string, message: unknown) => void;
  overrides: () => readonly Override[];
  sharing: () => Sharing;
  increaseDelays: () => Resource["increaseDelays"];
  givenWh: GivenWh;
  fill: ComfortWatch["fill"];
  foretold: (resource: string) => StoreForecast;
  /** Its newest switching; undefined where there was none. */
  lastSwitching: (resource: string) => Switching | undefined;
}): ApplianceReports {
  const { config, clock, tell } = options;
  const reported = new Map<string, { state: string; atMs: number; fill: number | undefined }>();
  const statusNow = (one: ApplianceNow, override: Override | undefined) => {
    const appliance = config.appliances.find(({ name }) => name === one.resource);
    const givenWh = options.sharing().applianceDetail ? options.givenWh : null;
    const told = { givenWh, zone: config.site.timezone, override, fill: options.fill(one.resource) };
    const last = options.lastSwitching(one.resource);
    const sinceMs = last?.setting?.mode === one.setting.mode ? last.atMs : undefined;
    return appliance && statusOf(appliance, { ...one, atMs: clock.now(), sinceMs }, told);
  };
  return {
    report(now) {
      if (!options.connected()) return;
      const nowMs = clock.now();
      for (const one of now) {
        const { resource, setting, reason, alarm, authority } = one;
        const last = reported.get(resource);
        const override = overrideAt(options.overrides(), resource, nowMs);
        const state = `${setting.mode} ${setting.powerW} ${reason} ${alarm} ${override?.mode} ${override?.untilMs} ${authority}`;
        const fill = options.fill(resource)?.value;
        const isFar = Math.abs((fill ?? 0) - (last?.fill ?? 0)) >= toldFill;
        if (last?.state === state && nowMs - last.atMs < reportEveryMs && !isFar) continue;
        const status = statusNow(one, override);
        if (!status) continue;
        reported.set(resource, { state, atMs: nowMs, fill });
        tell(`status/${resource}`, status);
      }
    },
    describe() {
      if (!options.connected()) return;
      const increaseDelays = options.increaseDelays();
      for (const appliance of config.appliances)
        tell(`resource/${appliance.name}`, {
          ...resourceOf(appliance, config.site, options.sharing().applianceDetail, options.foretold(appliance.name)),
          ...(increaseDelays && { increaseDelays }),
        } satisfies Resource);
    },
    forget: () => reported.clear(),
  };
}
