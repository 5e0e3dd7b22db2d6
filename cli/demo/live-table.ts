import { setTimeout as delay } from "node:timers/promises";
import type { AgentStatus } from "../../agent/status.ts";
import type { HouseLine } from "../../simulator/house-line.ts";
import { houseZone } from "../../simulator/house/local-day.ts";
import { askStatus } from "../status.ts";
import type { AggregatorApi } from "./aggregator-api.ts";
import type { HomeFiles } from "./demo-files.ts";
import type { DemoPart } from "./demo-part.ts";
import { describePlan } from "./describe-plan.ts";
import type { Screen } from "./screen.ts";

/** Wall time between two tables. */
const drawEveryMs = 1000;
/** Plans change once an hour of simulated time, so they are asked for less often. */
const tablesAPlan = 3;

/** Draws the table of all homes again and again until the signal aborts; what does not answer keeps its last figures. */
export async function liveTable(options: {
  homes: readonly HomeFiles[];
  /** Newest line of each home's house. */
  houses: ReadonlyMap<string, HouseLine>;
  /** Whose lines stand below it. */
  parts: readonly Pick<DemoPart, "line">[];
  api: AggregatorApi;
  apiUrl: string;
  /** The simulated instant, ms. */
  now: () => number;
  show: Screen;
  signal: AbortSignal;
}): Promise<void> {
  const { homes, houses, parts, api, apiUrl, now, show, signal } = options;
  const statuses = new Map<string, AgentStatus>();
  const plans = new Map<string, string>();
  // Swedish is the locale that writes dates as ISO 8601 does.
  const localText = new Intl.DateTimeFormat("sv-SE", { timeZone: houseZone, dateStyle: "short", timeStyle: "short" });
  for (let round = 0; !signal.aborted; round++) {
    for (const home of homes) {
      const status = await askStatus(home.socketFile).catch(() => null);
      if (status) statuses.set(home.site, status);
    }
    const statistics = await api.statistics().catch(() => null);
    for (const { site } of round % tablesAPlan === 0 ? homes : []) {
      const lists = await api.plans(site).catch(() => null);
      if (lists) plans.set(site, describePlan(lists, now(), houseZone));
    }
    const lines = await Promise.all(parts.map((part) => part.line().catch(() => null)));
    if (signal.aborted) return;
    show.table({
      time: localText.format(now()),
      apiUrl,
      statistics,
      lines: lines.filter((line) => line !== null),
      homes: homes.map(({ site }) => {
        const house = houses.get(site);
        return {
          site,
          status: statuses.get(site) ?? null,
          tankC: house?.tankC ?? null,
          roomC: house?.roomC ?? null,
          carWh: house?.evWh ?? null,
          plan: plans.get(site) ?? "none yet",
        };
      }),
    });
    await delay(drawEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
