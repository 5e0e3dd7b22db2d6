import { expect, it } from "vitest";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { exchangeStore } from "../../../agent/store/exchange-store.ts";
import { openDatabase } from "../../../agent/store/open-database.ts";
import { Bundle } from "../../../settlement/verify/bundle.ts";
import { overallVerdict } from "../../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { exchangeStreet, startMs, wearPerKwh } from "./street.ts";

/** The sun gives little more than the house draws, and was worth less in the days before: what is sold comes out of the battery. */
const store = { site: "store-1", panelsW: 1200, importWh: 0, exportWh: 20, batteryWh: 8000 };
const homes = [
  store,
  { site: "flat-1", panelsW: 0, importWh: 110, exportWh: 0 },
  { site: "flat-2", panelsW: 0, importWh: 140, exportWh: 0 },
];
const quarterMs = 900_000;
/** Its energy would have brought 0.06 when it came in; each way takes a twentieth. */
const floorMicro = BigInt(Math.ceil(60_000 / 0.95) + wearPerKwh * 1e6);

it(
  "a battery sells at its cost with losses and wear or above, gives into the grid what it has sold, and is paid on chain",
  { timeout: 300_000 },
  async () => {
    const street = await exchangeStreet(homes, []);
    await street.clock.advanceUntil(startMs + 105 * 60_000);
    const states = await Promise.all(homes.map(({ site }) => street.status(site)));
    const seen = JSON.stringify({ states: states.map(({ exchange }) => exchange), logs: street.logTails() }, null, 1);
    expect(street.deaths).toEqual([]);
    for (const { exchange } of states)
      expect(exchange, seen).toMatchObject({ refused: 0, disputed: 0, hasLeft: false, failure: null });

    const { client, agreement } = await street.seat(store.site);
    const db = openDatabase(street.databaseOf(store.site));
    const meters = meterStore(db);
    const positions = [...exchangeStore(db).positions(0)].filter(([from]) => from + quarterMs <= startMs + 90 * 60_000);
    const sold = positions.filter(([, { soldWh }]) => soldWh > 0);
    expect(sold.length, seen).toBeGreaterThan(2);
    let [soldWh, givenWh] = [0, 0];
    for (const [from, position] of sold) {
      const [slot] = meters.slots("grid", "export", from, from + quarterMs);
      soldWh += position.soldWh;
      givenWh += Math.min(slot?.wh ?? 0, position.soldWh);
    }
    expect(givenWh, `of ${soldWh} Wh sold ${givenWh} were fed in; ${seen}`).toBeGreaterThan(soldWh * 0.9);
    expect(soldWh).toBeGreaterThan(500);
    // At nine it gave beyond what the house draws.
    const house = street.houseOf(store.site);
    expect(house, seen).toMatchObject({ at: "2026-06-10T09:00:00.000Z" });
    expect(house?.powerW.battery, seen).toBeLessThan(-300);
    expect(house?.powerW.net, seen).toBeLessThan(-300);

    // Each of its trades keeps to its floor, is signed by both and good on chain.
    const settled = (await street.chain.pairOf(agreement.a, agreement.b)).seq;
    expect(settled, seen).toBeGreaterThan(2);
    let [trades, paidMicro] = [0, 0n];
    for (let seq = 1; seq <= settled; seq++) {
      const bundle = Bundle.parse(await client.bundle(seq));
      if (!bundle.inclusion) break;
      const findings = await verifyBundle(bundle, street.chain);
      expect(overallVerdict(findings), JSON.stringify(findings.filter(({ verdict }) => verdict !== "good"))).toBe("good");
      const { trade } = bundle.evidence;
      if (!trade || trade.own.order.side !== "sell") continue;
      trades += 1;
      paidMicro += BigInt(bundle.record.amount);
      // What is over of the sun may go for what the supplier pays; it is less than this.
      const isStore = trade.own.order.wh > 40;
      if (isStore) expect(BigInt(trade.own.order.limit)).toBeGreaterThanOrEqual(floorMicro);
      expect(BigInt(trade.trade.price)).toBeGreaterThanOrEqual(BigInt(trade.own.order.limit));
    }
    expect(trades, seen).toBeGreaterThan(2);
    expect(paidMicro).toBeGreaterThan(0n);
    db.close();
  },
);
