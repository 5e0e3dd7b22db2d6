import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { controlState } from "../../aggregator/dispatch/control.ts";
import { dispatcher } from "../../aggregator/dispatch/dispatcher.ts";
import { startBrokerLink } from "../../aggregator/dispatch/broker-link.ts";
import { homeLine } from "../../aggregator/homes.ts";
import { wholeShare } from "../../aggregator/share/share.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { iso } from "../../core/clock/clock.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey, importControlKey } from "../../core/envelope.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { topicFilter } from "../../core/topic.ts";
import { fleetSites, runFleet } from "../../simulator/fleet/run-fleet.ts";
import { peer } from "../../test/fake/peer.ts";
import { silentLog } from "../../test/fake/silent-log.ts";
import { atMost, quantile, rounded } from "../report.ts";
import { benchBroker } from "./bench-broker.ts";
import { benchAggregator } from "./intake-load.ts";
import type { Part, PartOptions } from "./optimise.ts";

const homes = 1000;
/** Between two homes, as the planner of a community has it. */
const staggerMs = 50;
const mostMs = 5000;

/**
 * The dispatch part: from a decision to the last of 1,000 simulated homes that has verified and accepted it, through store,
 * signature and a real broker. Homes and dispatcher share one process, so signing and verifying are done one after the other.
 */
export async function dispatchPart(_options: PartOptions): Promise<Part> {
  const mosquitto = peer("mosquitto");
  if (!mosquitto) throw new Error("the dispatch part needs mosquitto");
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bench-dispatch-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await benchBroker(mosquitto);
  opened.defer(() => broker.stop());
  const store = await openStore({ engine: "sqlite", file: join(folder, "data.db") });
  opened.defer(() => store.close());
  const clock = realClock({ onError: (error) => console.error(error) });
  const log = silentLog();
  const ending = new AbortController();
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const believed = await importControlKey(publicJwk);
  const line = homeLine({
    aggregator: benchAggregator,
    key: await importControlKey(privateJwk),
    store,
    share: wholeShare,
    clock,
  });
  line.open(
    startBrokerLink({
      id: benchAggregator,
      broker: { url: broker.url },
      filters: [topicFilter(benchAggregator, "nobody", "up")],
      clientId: "bench-aggregator",
      keep: true,
      log,
      random: Math.random,
      onConnect: () => undefined,
      onMessage: () => true,
    }),
  );
  opened.defer(() => line.link().stop());
  const sites = fleetSites({ prefix: "home-", first: 1, homes });
  let heard = new Map<string, number>();
  const ready = Promise.withResolvers<void>();
  const fleet = runFleet({
    aggregator: benchAggregator,
    broker: { url: broker.url },
    keys: new Map([[believed.kid, believed.key]]),
    sites,
    seed: 1,
    everyS: 3600,
    log,
    signal: ending.signal,
    say: () => ready.resolve(),
    onInstruction: (_site, { plan }) => void heard.set(plan, performance.now()),
  });
  opened.defer(async () => {
    ending.abort();
    await fleet;
  });
  await ready.promise;
  await delay(2000);
  const out = dispatcher({
    store,
    send: line.send,
    control: controlState([]),
    contracts: { underContract: async (_site, lists) => [...lists], changesBy: async () => [] },
    clock,
    later: (work) => work,
    signal: ending.signal,
  });
  const lists = (): InstructionList[] =>
    sites.map(() => ({
      plan: randomUUID(),
      resource: "boiler",
      instructions: [
        {
          id: randomUUID(),
          executionTime: iso(clock.now()),
          validUntil: iso(clock.now() + 3_600_000),
          operationModeId: "off",
          reason: "reduction by the operator",
        },
      ],
    }));
  const run = async (staggeredMs: number): Promise<number[]> => {
    heard = new Map();
    const plans = lists();
    const decidedMs = performance.now();
    const giving = sites.map((site, index) => {
      const own = plans.slice(index, index + 1);
      return staggeredMs === 0 ? out.urge(site, own) : out.give(site, own, index * staggeredMs);
    });
    await Promise.all(giving);
    const untilMs = performance.now() + homes * staggeredMs + 6 * mostMs;
    while (heard.size < homes && performance.now() < untilMs) await delay(20);
    return plans.map(({ plan }, index) => (heard.get(plan) ?? Infinity) - decidedMs - index * staggeredMs);
  };
  const [urged, staggered] = [await run(0), await run(staggerMs)];
  const row = (what: string, tookMs: readonly number[]) => ({
    what,
    homes,
    "half of the homes, ms": rounded(quantile(tookMs, 0.5)),
    "99 %, ms": rounded(quantile(tookMs, 0.99)),
    "the last, ms": rounded(Math.max(...tookMs)),
  });
  return {
    rows: [row("a reduction, at once", urged), row(`a plan, ${staggerMs} ms apart: beyond each home's turn`, staggered)],
    claims: [
      atMost(`a reduction: from the decision to the last of ${homes} homes, ms`, Math.max(...urged), mostMs),
      atMost(`a plan: beyond a home's turn, the last of ${homes}, ms`, Math.max(...staggered), mostMs),
    ],
  };
}
