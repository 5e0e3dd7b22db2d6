import { id } from "ethers";
import { onTestFinished } from "vitest";
import { routes } from "../../../aggregator/api/routes.ts";
import { eventFeed } from "../../../aggregator/observe/event-feed.ts";
import { metrics } from "../../../aggregator/observe/metrics.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { makeToken } from "../../../aggregator/api/token.ts";
import type { Role, StoredToken } from "../../../aggregator/store/token-store.ts";
import type { Bundle } from "../../../settlement/verify/bundle.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleBundle } from "../../settlement/fixture.ts";
import { scratchStore } from "../rows.ts";
import { domain } from "../settle/home-double.ts";

/** An API over a real store with five records at two homes; only the first of home a can be bundled. */
export async function apiRig({ open = true } = {}) {
  const { store } = await scratchStore();
  const bundle = await exampleBundle(domain);
  for (const [site, seq] of [
    ["a", 1],
    ["a", 2],
    ["a", 3],
    ["b", 1],
    ["b", 2],
  ] as const)
    await store.addRecord(
      {
        site,
        record: { ...bundle.record, seq },
        digest: id(`${site}${seq}`),
        evidence: bundle.evidence,
        prices: null,
        state: "proposed",
        gatewaySignature: null,
        ownSignature: null,
        epoch: null,
      },
      { kind: "import", nextMs: seq },
    );
  let [broken, away] = [false, false];
  const [clock, ending] = [fakeClock(nowMs), new AbortController()];
  onTestFinished(() => ending.abort());
  const feed = eventFeed({ run: "run-1", keep: 5, now: () => clock.now() });
  const meter = metrics(() => undefined);
  const app = routes({
    store: {
      ...store,
      statistics: (site) => (broken ? Promise.reject(new Error("disk full")) : store.statistics(site)),
    },
    tokens: store,
    open,
    now: () => clock.now(),
    log: silentLog(),
    version: "1.2.3",
    feed,
    metrics: meter,
    clock,
    signal: ending.signal,
    owner: bundle.inclusion?.by ?? null,
    sites: ["a", "b"],
    states: new Map([["a", "ready"]]),
    isUnsettled: (site) => site === "b",
    rejected: () => ({ "intake-malformed": 3 }),
    agreementOf: (site) => (site === "a" ? bundle.agreement.agreement : undefined),
    signedAgreementOf: (site) => (site === "a" ? bundle.agreement : undefined),
    pairOf: () => (away ? Promise.reject(new AppError("chain-unreachable", "away", { temporary: true })) : Promise.resolve(pair)),
    logBytesOf: async (epoch) => (epoch === 1 ? Uint8Array.of(1, 2, 3) : null),
    bundleOf: async ({ site, record }): Promise<Bundle | null> => (site === "a" && record.seq === 1 ? bundle : null),
  });
  const get = async (path: string, authorization?: string) => {
    const response = await app.request(path, { headers: authorization === undefined ? {} : { authorization } });
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      wanted: response.headers.get("www-authenticate"),
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  /** The header of a new token. */
  const header = async (role: Role, site: string | null = null, change: Partial<StoredToken> = {}): Promise<string> => {
    const { text, stored } = makeToken({ role, site, note: "", createdMs: nowMs, expiresMs: nowMs + 1000 });
    await store.addToken({ ...stored, ...change });
    return `Bearer ${text}`;
  };
  const post = async (path: string, body: unknown, authorization = "") => {
    const headers = { "content-type": "application/json", ...(authorization !== "" && { authorization }) };
    const response = await app.request(path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    app,
    store,
    feed,
    clock,
    metrics: meter,
    bundle,
    get,
    post,
    header,
    fail: () => (broken = true),
    leave: () => (away = true),
  };
}

/** A pair on chain in which a owes b 7 after a partial settlement. */
export const pair = {
  balanceA: 11n,
  balanceB: 22n,
  leavingA: 1n,
  leavingB: 2n,
  cumA: 100n,
  cumB: 30n,
  open: 7n,
  seq: 5,
  withdrawals: 0,
  head: id("head"),
};

/** When the tests are. */
export const nowMs = Date.parse("2026-03-02T12:00:00Z");
