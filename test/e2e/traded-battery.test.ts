import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { exchangeStore } from "../../agent/store/exchange-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { askedAgent } from "../../cli/ask-agent.ts";
import { iso } from "../../core/clock/clock.ts";
import { exchangeAddress, ownTrade } from "../agent/exchange/own-trade.ts";
import { midnightMs } from "../aggregator/rows.ts";
import { peer } from "../fake/peer.ts";
import { until } from "../fake/until.ts";
import { batteryHome } from "./battery-home.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const site = "gw-trader";
const quarterMs = 900_000;
const trade = (number: number, side: "buy" | "sell", quarter: number, wh: number) =>
  ownTrade(number, {
    startMs: midnightMs + quarter * quarterMs,
    clearedMs: midnightMs - quarterMs,
    side,
    wh,
    price: "350000",
  });
const steps = Array.from({ length: 96 }, () => 0);

/** What the home has traded before: 2 kW out of its battery for half an hour, and 2 kW more than it draws for another. */
function remember(folder: string): void {
  mkdirSync(join(folder, "state"), { recursive: true, mode: 0o700 });
  const db = openDatabase(join(folder, "state", "data.db"));
  const store = exchangeStore(db);
  store.saveTrades([trade(1, "sell", 5, 500), trade(2, "sell", 6, 500), trade(3, "buy", 9, 600), trade(4, "buy", 10, 600)]);
  store.savePrices(
    [
      {
        v: 1,
        currency: "EUR",
        start: iso(midnightMs),
        stepS: 900,
        importPerKwh: steps.map(() => "600000"),
        exportPerKwh: steps.map(() => "20000"),
      },
    ],
    midnightMs,
  );
  db.close();
}

it.skipIf(!mosquitto || !openssl)(
  "an aggregator that may know what a home traded has its battery deliver it; one that may not knows of nothing (mosquitto, openssl)",
  { timeout: 180_000 },
  async () => {
    const home = await batteryHome(
      { mosquitto: mosquitto ?? "", openssl: openssl ?? "" },
      {
        site,
        fillPercent: 60,
        feederW: 5000,
        houseW: () => 400,
        priceOf: () => 0.3,
        before: remember,
        more: {
          settlement: {
            key: "signer",
            passphrase_file: "passphrase",
            agreement_file: "agreement.json",
            chain_id: 31_337,
            contract: exchangeAddress,
            rpc_url: "http://127.0.0.1:1",
          },
          exchange: { url: "http://127.0.0.1:1", name: site, agreement_file: "exchange.json" },
        },
      },
    );
    const { folder, store, minutes, seen } = home;
    const consent = (given: boolean) =>
      askedAgent(join(folder, "state", "agent.sock"), { method: "PUT", path: "/v1/consent", body: { scope: "trades", given } });
    const meanW = (quarter: number, quarters: number): number => {
      // The first minutes are those in which what was told is done.
      const watts = seen.slice(quarter * 15 + 2, (quarter + quarters) * 15).map(({ gridW }) => gridW);
      return watts.reduce((sum, each) => sum + each, 0) / watts.length;
    };
    await until("the battery has a plan that it accepted", async () => {
      await minutes(1);
      return (await store.plans(site)).some(({ list, status }) => list.resource === "battery" && status === "ACCEPTED");
    });
    await minutes(20 - seen.length);
    expect(await store.traded(site)).toEqual([]);
    expect(Math.min(...seen.map(({ gridW }) => gridW))).toBeGreaterThan(-100);

    await consent(true);
    await until("the aggregator knows", async () => {
      await minutes(1);
      return (await store.traded(site)).length > 0;
    });
    const known = await store.traded(site);
    expect(known.map(({ start, boughtWh, soldWh }) => [start, boughtWh, soldWh])).toEqual([
      [iso(midnightMs + 5 * quarterMs), 0, 500],
      [iso(midnightMs + 6 * quarterMs), 0, 500],
      [iso(midnightMs + 9 * quarterMs), 600, 0],
      [iso(midnightMs + 10 * quarterMs), 600, 0],
    ]);
    expect(known[0]).toMatchObject({ undrawnPerKwh: "20000", unfedPerKwh: "600000" });
    await minutes(12 * 15 - seen.length);
    // Sold: 2 kW into the grid beside the house's own 400 W. Bought: 2.4 kW, of which the battery takes what the house does not.
    expect(meanW(5, 2)).toBeGreaterThan(-2100);
    expect(meanW(5, 2)).toBeLessThan(-1900);
    expect(meanW(9, 2)).toBeGreaterThan(2300);
    expect(meanW(9, 2)).toBeLessThan(2500);
    // Around them nothing is given away.
    expect(meanW(7, 2)).toBeGreaterThan(-100);

    await consent(false);
    await until("it knows no more", async () => {
      await minutes(1);
      return (await store.traded(site)).length === 0;
    });
  },
);
