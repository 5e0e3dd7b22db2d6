import { randomUUID } from "node:crypto";
import { id } from "ethers";
import { onTestFinished } from "vitest";
import { routes } from "../../../aggregator/api/routes.ts";
import { makeToken } from "../../../aggregator/api/token.ts";
import { eventFeed } from "../../../aggregator/observe/event-feed.ts";
import { metrics } from "../../../aggregator/observe/metrics.ts";
import type { Role } from "../../../aggregator/store/token-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { MeasurementItem } from "../../../core/message/measurements.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleBundle } from "../../settlement/fixture.ts";
import { boiler, planOf, statusOf } from "../plans.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";
import { domain } from "../settle/home-double.ts";
import { nowMs, pair } from "./api-rig.ts";

/** Two neighbours. Whatever the aggregator holds of one of them has its own word in it. */
export const homes = { gw_alder: "alder", gw_birch: "birch" } as const;
export type Home = keyof typeof homes;

/** Wh that only one home ever has. */
const ownWh = { alder: 717_171, birch: 909_090 } as const;

const gapOf = (reason: string): MeasurementItem => ({
  kind: "gap",
  seq: 2,
  through: 3,
  from: "2026-03-01T23:00:02Z",
  to: "2026-03-01T23:00:03Z",
  reason,
});

/** All texts by which a home's data is known. */
export const marksOf = (home: Home): string[] => [
  homes[home],
  String(ownWh[homes[home]]),
  id(`salt of ${home}`).slice(2),
  id(`digest of ${home}`).slice(2),
];

/** An API over a real store that holds something of both homes in every place. */
export async function twoHomes() {
  const { store } = await scratchStore();
  const [clock, ending] = [fakeClock(nowMs), new AbortController()];
  onTestFinished(() => ending.abort());
  const feed = eventFeed({ run: "run-1", now: () => clock.now() });
  const bundle = await exampleBundle(domain);
  const bundles = new Map<string, typeof bundle>();
  for (const site of Object.keys(homes) as Home[]) {
    const word = homes[site];
    const wh = ownWh[word];
    await store.ingest(site, message([slotItem(1, 0, wh), gapOf(`no room at ${word}`)], randomUUID()));
    await store.saveResource(site, { ...boiler, resource: `${word}_boiler` });
    await store.saveStatus(site, { ...statusOf(`${word}_boiler`, 5), reason: `plan of ${word}` });
    const plan = { ...planOf(`${word}_boiler`, 1), plan: randomUUID() };
    await store.savePlans(site, [plan], nowMs);
    await store.answerPlan(site, plan.plan, "REJECTED", "no", { message: `not at ${word}`, atMs: nowMs });
    const consent = { v: 1, site, aggregator: "community", scope: "readings", given: true, until: null, by: "resident" } as const;
    await store.saveConsent(site, { ...consent, at: new Date(nowMs).toISOString() }, `jws of ${word}`);
    const salt = id(`salt of ${site}`);
    for (const seq of [1, 2])
      await store.addRecord(
        {
          site,
          record: { ...bundle.record, seq, wh, salt },
          digest: id(`digest of ${site}`),
          evidence: bundle.evidence,
          prices: bundle.prices,
          state: seq === 1 ? "cosigned" : "disputed",
          gatewaySignature: seq === 1 ? bundle.signatureA : null,
          ownSignature: seq === 1 ? bundle.signatureB : null,
          epoch: null,
        },
        { kind: "import", nextMs: nowMs },
      );
    const dispute = { site, seq: 2, source: "home", code: "x", message: `${word} says no`, own: { wh }, atMs: nowMs } as const;
    await store.addDispute({ ...dispute, record: { ...bundle.record, seq: 2, wh, salt } });
    bundles.set(site, { ...bundle, record: { ...bundle.record, wh, salt } });
    await store.addLimitCosts({ curtailments: [{ site, dayMs: nowMs, wh }] });
    const day = { site, agreement: `0x${"7e".repeat(32)}`, startMs: midnightMs, endMs: midnightMs + 96 * quarterMs };
    const meter = { meter: `${word}_meter`, baseline: "charge_now", powerW: null, overridden: false, excused: false } as const;
    await store.addEvent({ ...day, ...meter, plan: plan.plan, resource: `${word}_boiler` });
    await store.addRewards([{ ...day, earned: BigInt(wh), amount: 0n, evidence: null }], nowMs);
    feed.emit({ type: "state", site, data: { state: word } });
    await store.audited(
      async () => null,
      () => ({ atMs: nowMs, who: `cli ${word}`, action: "control.pause", site, detail: {} }),
    );
    const revision = randomUUID();
    await store.want(site, { revision, wanted: {} });
    await store.saveReport(
      site,
      { v: 1, revision, state: "kept", config: {}, failed: null, version: word, at: new Date(nowMs).toISOString() },
      nowMs,
    );
  }
  const agreementOf = (site: string) => (site in homes ? { ...bundle.agreement.agreement } : undefined);
  const app = routes({
    store,
    tokens: store,
    open: false,
    now: () => clock.now(),
    log: silentLog(),
    version: "1.2.3",
    feed,
    metrics: metrics(() => undefined),
    clock,
    signal: ending.signal,
    owner: bundle.agreement.agreement.aggregator,
    sites: Object.keys(homes),
    states: new Map([["gw_birch", "ready"]]),
    isUnsettled: () => false,
    rejected: () => ({}),
    agreementOf,
    signedAgreementOf: (site) => (site in homes ? bundle.agreement : undefined),
    pairOf: async () => pair,
    logBytesOf: async () => null,
    bundleOf: async ({ site, record }) => (record.seq === 1 ? (bundles.get(site) ?? null) : null),
  });
  const header = async (role: Role, site: Home | null = null): Promise<string> => {
    const { text, stored } = makeToken({ role, site, note: "", createdMs: nowMs, expiresMs: null });
    await store.addToken(stored);
    return `Bearer ${text}`;
  };
  return { app, store, header };
}
