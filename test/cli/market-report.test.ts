import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { marketConfigFromYaml } from "../../market/config/market-config.ts";
import { MarketYaml } from "../../market/config/schema.ts";
import { openSession } from "../../market/flexibility/session.ts";
import type { Output } from "../../market/flexibility/session-output.ts";
import { nextDueMs, sessionStep, type SessionEvent } from "../../market/flexibility/session-step.ts";
import { sessionTerms } from "../../market/flexibility/session-terms.ts";
import { openMarketStore } from "../../market/store/open-market-store.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";

const date = "2026-12-01";

/** A grid operator's folder after orders went out: one aggregator had planned 6 kW in an hour, and its cable bears 5. */
async function ordered(answer: { accepted: boolean; reason: string | null } | null): Promise<string> {
  const folder = scratch("market-report");
  const yaml = {
    domain: "dso.example",
    listen: "127.0.0.1:0",
    tls: { cert_file: "none.pem", key_file: "none.pem", ca_file: "none.pem" },
    key_file: "none.jwk",
    flexibility: {
      grid: [{ name: "street", import_limit_w: 5000 }],
      participants: { "one.example": { url: "https://127.0.0.1:1", public_key_file: "none.jwk", points: { street: {} } } },
      reserve_micro_per_kwh: 500_000,
    },
    storage: { path: "data.db" },
  };
  const file = join(folder, "market.yaml");
  writeFileSync(file, stringify(yaml));
  const config = marketConfigFromYaml(MarketYaml.parse(yaml), folder);
  const { slotMinutes } = config.flexibility;
  const terms = sessionTerms(config.flexibility, { date, timezone: config.timezone, slotMinutes });
  const watts = (inFour: number, elsewhere: number): number[] =>
    Array.from({ length: terms.grid.slots }, (_, slot) => (slot < 4 ? inFour : slot < 8 ? elsewhere : 1000));
  const atMs = terms.gates.prognosesMs - 60_000;
  const store = await openMarketStore(config.databaseFile);
  try {
    let session = openSession(terms);
    const take = async (event: SessionEvent): Promise<Output[]> => {
      const stepped = sessionStep(session, event);
      ({ session } = stepped);
      await store.steps(date).add({ event, source: null, sent: [] }, null);
      return stepped.out;
    };
    let out = await take({
      is: "prognosis",
      atMs,
      seat: 0,
      prognosis: { revision: 1, powerW: watts(6000, 1000), parties: 2, cost: 0n },
    });
    for (let step = 0; step < 200 && session.phase.is !== "reprognosis"; step += 1) {
      const asked = out.find((one) => one.is === "request" || one.is === "repair");
      out = asked
        ? await take({
            is: "offer",
            atMs: Math.max(atMs, terms.gates.prognosesMs),
            seat: 0,
            offer: {
              id: `offer-${asked.request}`,
              request: asked.request,
              powerW: watts(5000, 2000),
              price: 200_000n,
              whole: true,
              leastShare: 1_000_000,
            },
          })
        : await take({ is: "time", atMs: nextDueMs(session) });
    }
    expect(session.seats[0]?.order).not.toBeNull();
    if (answer) await take({ is: "orderAnswer", atMs: terms.gates.clearMs, seat: 0, ...answer });
  } finally {
    await store.close();
  }
  return file;
}

it("says what was ordered, what was answered, and ends with 1 where an order was rejected", async () => {
  const file = await ordered({ accepted: false, reason: "flex-order-late: delivery has begun" });
  const { code, out } = await runCli(["market", "report", "-c", file, "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    currency: "EUR",
    sessions: [
      {
        date,
        phase: "reprognosis",
        congestion: [expect.stringContaining("1000 W more")],
        shortfall: [],
        orders: [
          {
            participant: "one.example",
            point: "street",
            askedWh: 1000,
            price: "200000",
            answer: "rejected",
            reason: "flex-order-late: delivery has begun",
            settled: "open",
          },
        ],
      },
    ],
  });
  const people = await runCli(["market", "report", "-c", file]);
  expect(people.out).toContain(
    "one.example at street: 1000 Wh for 0.200000 EUR, REJECTED (flex-order-late: delivery has begun), but it binds",
  );
});

it.each([
  [null, "not answered"],
  [{ accepted: true, reason: null }, "accepted"],
])("ends with 0 where the answer was %j", async (answer, words) => {
  const { code, out } = await runCli(["market", "report", "-c", await ordered(answer)]);
  expect([code, out]).toEqual([0, expect.stringContaining(`EUR, ${words}, settlement open`)]);
});

it("says where there is no database yet", async () => {
  const file = await ordered(null);
  writeFileSync(file, readFileSync(file, "utf8").replace("data.db", "other.db"));
  const { code, err } = await runCli(["market", "report", "-c", file]);
  expect([code, err]).toEqual([2, expect.stringContaining("has the grid operator run?")]);
});
