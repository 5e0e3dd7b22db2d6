import { onTestFinished } from "vitest";
import type { FeederConfig } from "../../../aggregator/config/aggregator-config.ts";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { isPlanned, instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import { planningDesk } from "../../../aggregator/optimise/planning-desk.ts";
import type { Contracts } from "../../../aggregator/reward/under-contract.ts";
import type { Share } from "../../../aggregator/share/share.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { InstructionList } from "../../../core/message/instruction.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, named } from "../plans.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

/** A sent list. */
export interface Sent {
  site: string;
  list: InstructionList;
  atMs: number;
}

/** A feeder of homes that have what they were told on record. */
export const elm = (importLimitW: number, sites: string[], change: Partial<FeederConfig> = {}): FeederConfig => ({
  name: "elm",
  importLimitW,
  day: [],
  timezone: "UTC",
  sites,
  ...change,
});

/** The names of so many homes. */
export const homesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `gw-${at}`);

/** Planning and dispatch over a real store and a clock that a test moves; each list that is sent is accepted unless told. */
export async function feederDesk(
  feeders: FeederConfig[],
  sites: string[],
  given: {
    store?: AggregatorStore;
    threads?: number;
    contracts?: (store: AggregatorStore) => Contracts;
    series?: PriceSeries;
    /** Congestion points by feeder. */
    points?: ReadonlyMap<string, string>;
    watch?: Parameters<typeof planningDesk>[0]["watch"];
    share?: Share;
  } = {},
) {
  const scratched = given.store ? undefined : await scratchStore();
  const store = given.store ?? scratched?.store ?? (await scratchStore()).store;
  const clock = fakeClock(midnightMs);
  const log = silentLog();
  const sent: Sent[] = [];
  const state = { online: true, answers: "ACCEPTED" as "ACCEPTED" | "REJECTED" | null, unsettled: new Set<string>() };
  const send: Send = async (site, _type, _rest, body) => {
    if (!state.online) throw new AppError("mqtt-offline", "away", { temporary: true });
    const list = InstructionList.parse(body);
    sent.push({ site, list, atMs: clock.now() });
    if (state.answers) await store.answerPlan(site, list.plan, state.answers, null);
  };
  const failures: unknown[] = [];
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let plans = 0;
  /** Each plan of a feeder asks once what its homes gave up before. */
  const counting: AggregatorStore = { ...store, curtailments: (fromMs) => (plans++, store.curtailments(fromMs)) };
  const desk = planningDesk({
    store: counting,
    prices: priceBook([given.series ?? exampleSeries()]),
    send,
    sites,
    feeders,
    contracts: given.contracts?.(store) ?? named({ "gw-0": `0x${"a".repeat(64)}` }),
    ...(given.share && { share: given.share }),
    isUnsettled: (site) => state.unsettled.has(site),
    uuid: () => crypto.randomUUID(),
    slotMinutes: 15,
    planEveryMs: 3_600_000,
    reserveQuantile: 0.99,
    threads: given.threads ?? 0,
    points: given.points,
    ...(given.watch && { watch: given.watch }),
    quietly: (work) => work.catch((error: unknown) => void failures.push(error)),
    clock,
    log,
    signal: ending.signal,
  });
  return { store, clock, log, sent, state, desk, failures, plansMade: () => plans };
}

/** Homes that draw so much besides, each with a water heater of 2 kW that wants 6 kWh by half past six. */
export async function describeHomes(store: AggregatorStore, sites: readonly string[], baseW = 400): Promise<void> {
  for (const site of sites) {
    await store.saveResource(site, boiler);
    const items = Array.from({ length: 96 }, (_, at) => slotItem(at + 1, at - 96, baseW / 4));
    await store.ingest(site, message(items));
  }
}

/** What the newest plans of homes and all else draw together, W in each quarter of an hour from midnight. */
export async function togetherW(
  store: AggregatorStore,
  sites: readonly string[],
  quarters: number,
  baseW = 400,
): Promise<number[]> {
  const sums = Array.from({ length: quarters }, () => 0);
  for (const site of sites) {
    const plans = await store.plans(site);
    const resources = (await store.resources(site)).filter(isPlanned);
    for (const quarter of sums.keys()) {
      const told = resources.map((resource) => {
        const list = plans.find((plan) => plan.list.resource === resource.resource)?.list;
        return (list && instructedW(resource, list, midnightMs + quarter * quarterMs)) ?? 0;
      });
      sums[quarter] = (sums[quarter] ?? 0) + baseW + told.reduce((sum, watts) => sum + watts, 0);
    }
  }
  return sums;
}
