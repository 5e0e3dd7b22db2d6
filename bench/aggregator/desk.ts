import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sender } from "../../aggregator/dispatch/sender.ts";
import { openRewards } from "../../aggregator/reward/open-rewards.ts";
import { planningDesk } from "../../aggregator/optimise/planning-desk.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey, importControlKey } from "../../core/envelope.ts";
import type { MeasurementItem } from "../../core/message/measurements.ts";
import { InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import { priceBook } from "../../planner/price-book.ts";
import { seededRandom } from "../../planner/community/seeded-random.ts";
import { atMost, rounded, type Claim } from "../report.ts";
import type { Part, PartOptions } from "./optimise.ts";

const quarterMs = 900_000;
const historyDays = 3;
/** Longer than this nothing else of the process may wait: a message of a home, an operator's word. */
const mostHeldMs = 50;
const progress = (words: string): void => void process.stderr.write(`${words}\n`);
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * The planning of the running aggregator whole: homes read from its database, planned in threads, their plans kept there and
 * signed; nothing is published. Meanwhile the longest time is measured in which the process could do nothing else.
 */
export async function desk(options: PartOptions): Promise<Part> {
  const rows: Part["rows"] = [];
  const claims: Claim[] = [];
  for (const homes of options.homes) {
    const folder = mkdtempSync(join(tmpdir(), "bench-desk-"));
    const store = await openStore({ engine: "sqlite", file: join(folder, "data.db") });
    try {
      const measured = await planned(homes, store, options);
      rows.push({ homes, ...measured.row });
      claims.push(...measured.claims.map((claim) => ({ ...claim, name: `${homes} homes: ${claim.name}` })));
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { rows, claims };
}

async function planned(
  count: number,
  store: AggregatorStore,
  { threads, limitKwPerHome }: PartOptions,
): Promise<{ row: Part["rows"][number]; claims: Claim[] }> {
  const sites = Array.from({ length: count }, (_, at) => `gw-${at}`);
  const nowMs = Math.floor(Date.now() / quarterMs) * quarterMs;
  await fill(store, sites, nowMs);
  progress(`${count} homes: the database is filled`);
  const clock = realClock({ onError: (error) => progress(String(error)) });
  const key = await importControlKey((await createControlKey("bench")).privateJwk);
  const nowhere = { connected: () => true, publish: async () => undefined, stop: async () => undefined };
  const send = sender({ aggregator: "bench", key, store, link: () => nowhere, clock });
  const ending = new AbortController();
  let told = 0;
  let lastTold = performance.now();
  const failures: unknown[] = [];
  const feeders = [{ name: "bench", importLimitW: count * limitKwPerHome * 1000, day: [], timezone: "UTC", sites }];
  const planning = planningDesk({
    store,
    prices: priceBook([prices(nowMs)]),
    async send(site, type, rest, body, given) {
      await send(site, type, rest, body, given);
      told += 1;
      lastTold = performance.now();
      await store.answerPlan(site, InstructionList.parse(body).plan, "ACCEPTED", null);
    },
    sites,
    feeders,
    contracts: openRewards({ slotMinutes: 15 }, { agreements: new Map(), feeders, store, log: quiet }),
    uuid: () => crypto.randomUUID(),
    slotMinutes: 15,
    planEveryMs: 3_600_000,
    reserveQuantile: 0.99,
    threads,
    quietly: (work) => work.catch((error: unknown) => void failures.push(error)),
    clock,
    log: quiet,
    signal: ending.signal,
  });
  // Staggered: the last homes hear of a plan some time after it is there.
  const heard = async (): Promise<void> => {
    while (performance.now() - lastTold < 5000) await new Promise((resolve) => setTimeout(resolve, 200));
  };
  const first = await watched(() => planning.planAll());
  await heard();
  const firstLists = told;
  const again = await watched(() => planning.planAll());
  await heard();
  ending.abort();
  if (failures.length > 0) throw failures[0];
  return {
    row: {
      "first: seconds": rounded(first.seconds),
      "cpu ms per home": rounded((first.cpuSeconds / count) * 1000),
      "of it in the main thread": rounded((first.mainSeconds / count) * 1000),
      "held at most, ms": rounded(first.heldMs),
      "again: seconds": rounded(again.seconds),
      "again: cpu ms per home": rounded((again.cpuSeconds / count) * 1000),
      "again: held at most, ms": rounded(again.heldMs),
      lists: firstLists,
      "again: lists": told - firstLists,
      "MiB, process at most": Math.round(process.resourceUsage().maxRSS / 1024),
    },
    claims: [
      atMost("held up at most, ms of processor time", Math.max(first.heldMs, again.heldMs), mostHeldMs),
      atMost("lists told again though nothing happened / lists", (told - firstLists) / firstLists, 0.05),
      atMost("processor seconds / threads", first.cpuSeconds / threads, count <= 1000 ? 60 : 600),
    ],
  };
}

/**
 * Runs work and says how long at a time nothing else could run in this thread: the most processor time that it took between two
 * ticks of a timer. What other programs of the machine take does not count.
 */
async function watched(work: () => Promise<void>) {
  let heldMs = 0;
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const spent = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    heldMs = Math.max(heldMs, (spent.user + spent.system) / 1000);
  }, 1);
  const [beganMs, cpu, own] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const main = process.threadCpuUsage(own);
  clearInterval(timer);
  return {
    seconds: (performance.now() - beganMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    mainSeconds: (main.user + main.system) / 1e6,
    heldMs,
  };
}

/** Two cheap dips a day, the same for all. */
function prices(nowMs: number) {
  const perKwh = Array.from({ length: 96 }, (_, at) =>
    String(Math.round(250_000 + 80_000 * Math.cos((at / 96) * 4 * Math.PI) + 20_000 * Math.cos((at / 96) * 2 * Math.PI))),
  );
  return {
    v: 1 as const,
    currency: "EUR",
    start: new Date(nowMs).toISOString(),
    stepS: 900,
    importPerKwh: perKwh,
    exportPerKwh: perKwh.map(() => "60000"),
  };
}

/** Homes with a water heater, two of three with a charger, and three days of their grid meter. */
async function fill(store: AggregatorStore, sites: readonly string[], nowMs: number): Promise<void> {
  const random = seededRandom(7);
  const common = { v: 1 as const, controlType: "OMBC" as const, timezone: "Europe/Amsterdam", maxImportW: 17_250 };
  for (const [index, site] of sites.entries()) {
    const heater: Resource = {
      ...common,
      resource: "heater",
      operationModes: [
        { id: "off", powerW: 0 },
        { id: "on", powerW: 2000 },
      ],
      minOnS: 600,
      minOffS: 300,
      failsafeMode: "off",
      demand: { kind: "energy", energyWh: 3000 + 500 * (index % 7), notBefore: "21:00", readyBy: "06:30" },
    };
    const charger: Resource = {
      ...common,
      resource: "charger",
      operationModes: [
        { id: "off", powerW: 0 },
        { id: "charge", powerW: 7400, minPowerW: 1380 },
      ],
      minOnS: 0,
      minOffS: 0,
      failsafeMode: "off",
      demand: { kind: "energy", energyWh: 6000 + 1000 * (index % 11), notBefore: "18:00", readyBy: "07:00" },
    };
    await store.saveResource(site, heater);
    if (index % 3 > 0) await store.saveResource(site, charger);
    const boot = crypto.randomUUID();
    const items = Array.from({ length: historyDays * 96 }, (_, at): MeasurementItem => {
      const startMs = nowMs - (historyDays * 96 - at) * quarterMs;
      return {
        kind: "slot",
        seq: at + 1,
        meter: "grid",
        role: "grid",
        register: "import",
        start: new Date(startMs).toISOString(),
        end: new Date(startMs + quarterMs).toISOString(),
        wh: Math.round(60 + 120 * random()),
        quality: "valid",
        clockSynced: true,
      };
    });
    await store.ingest(site, { v: 1, boot, items });
  }
}
