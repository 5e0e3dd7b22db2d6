import { expect, it } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import type { ExchangeForecast, ExchangeOrder } from "../../../core/message/exchange-order.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { openDatabase } from "../../../agent/store/open-database.ts";
import { journal } from "../../../settlement/audit/journal.ts";
import { tradeLegs } from "../../../settlement/audit/trade-legs.ts";
import { buildEpoch } from "../../../settlement/log/epoch.ts";
import { decodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { signForecast, signOrder } from "../../../settlement/record/order-signature.ts";
import { domainOf } from "../../../settlement/record/sign-agreement.ts";
import { Bundle } from "../../../settlement/verify/bundle.ts";
import { overallVerdict } from "../../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { runProgram } from "../../fake/run-program.ts";
import { badOnChain } from "../../settlement/second-verifier/second-verifier.ts";
import { exchangeStreet, startMs } from "./street.ts";

type Street = Awaited<ReturnType<typeof exchangeStreet>>;

const homes = [
  { site: "roof-1", panelsW: 6000, importWh: 0, exportWh: 350 },
  { site: "roof-2", panelsW: 5000, importWh: 0, exportWh: 250 },
  { site: "flat-1", panelsW: 0, importWh: 110, exportWh: 0 },
  { site: "flat-2", panelsW: 0, importWh: 140, exportWh: 0 },
];

/** The aggregator sells what it bought elsewhere, in the same book and by the same rules. */
async function aggregatorSells(street: Street, wh: number): Promise<void> {
  const { agreement, signer, client } = await street.seat("aggregator");
  const { aggregator: exchange, a, b } = agreement;
  const participant = a === exchange ? b : a;
  const slotMs = startMs + 45 * 60_000;
  const forecast: ExchangeForecast = {
    v: 1,
    exchange,
    participant,
    time: iso(street.clock.now()),
    start: iso(startMs),
    slotMinutes: 15,
    netWh: Array.from({ length: 16 }, () => 5000),
    store: null,
  };
  const order: ExchangeOrder = {
    v: 1,
    exchange,
    participant,
    orderId: "base-load",
    revision: 1,
    side: "sell",
    start: iso(slotMs),
    end: iso(slotMs + 900_000),
    wh,
    limit: "20000",
    zone: "grid",
    validUntil: iso(slotMs),
  };
  const domain = domainOf(agreement);
  const taken = await client.send({
    forecast: { forecast, signature: await signForecast(signer, domain, forecast) },
    orders: [{ order, signature: await signOrder(signer, domain, order) }],
  });
  expect(taken).toMatchObject({ forecast: { taken: true }, orders: [{ taken: true }] });
  // It asks for all there is to see before the auction: none of the homes' orders is there.
  const own = await client.own();
  expect(own.orders.map((one) => one.order.orderId)).toEqual(["base-load"]);
  expect(await client.results(startMs)).toEqual([]);
}

it(
  "homes and an aggregator trade through one sealed book; each trade is signed by both, settled on chain and verified",
  { timeout: 300_000 },
  async () => {
    const street = await exchangeStreet(homes, ["aggregator"]);
    await aggregatorSells(street, 60);
    await street.clock.advanceUntil(startMs + 105 * 60_000);

    const states = await Promise.all(homes.map(({ site }) => street.status(site)));
    const seen = JSON.stringify({ states: states.map(({ exchange }) => exchange), logs: street.logTails() }, null, 1);
    for (const { exchange } of states) {
      expect(exchange, seen).toMatchObject({ refused: 0, disputed: 0, hasLeft: false, failure: null });
      expect(exchange?.placed, seen).toBeGreaterThan(0);
      expect(exchange?.signed, seen).toBeGreaterThan(2);
    }
    expect(street.deaths).toEqual([]);

    // Every record of every home is good by both verifiers, against the chain.
    const say = journal();
    const legs = tradeLegs(say);
    const kinds = new Map<string, number>();
    let paidMicro = 0n;
    for (const { site } of homes) {
      const { client, agreement } = await street.seat(site);
      const db = openDatabase(street.databaseOf(site));
      const { records, inclusions } = settlementStores(db);
      const pair = `${agreement.a}-${agreement.b}`;
      const newest = records.newestCosigned(pair)?.record.seq ?? 0;
      const settled = (await street.chain.pairOf(agreement.a, agreement.b)).seq;
      // What was signed in the last minutes may not be on chain yet.
      expect(settled, seen).toBeGreaterThan(2);
      for (let seq = 1; seq <= settled; seq++) {
        const bundle = Bundle.parse(await client.bundle(seq));
        if (!bundle.inclusion) {
          // Those of the last quarter of an hour wait for their epoch.
          expect(seq, seen).toBeGreaterThan(3);
          break;
        }
        const findings = await verifyBundle(bundle, street.chain);
        expect(overallVerdict(findings), JSON.stringify(findings.filter(({ verdict }) => verdict !== "good"))).toBe("good");
        expect(await badOnChain(bundle, street.rpcUrl)).toEqual([]);
        const { record, evidence } = bundle;
        kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1);
        // Not another trade's price, energy or order.
        const forged = { ...bundle, record: { ...record, wh: record.wh + 1 } };
        expect(overallVerdict(await verifyBundle(forged, street.chain))).toBe("bad");
        if (evidence.trade) {
          legs.add(record, 0);
          legs.explain(evidence.trade.trade);
          expect(BigInt(evidence.trade.trade.price)).toBeGreaterThan(60_000n);
          expect(BigInt(evidence.trade.trade.price) + 10_000n).toBeLessThan(300_000n);
        }
      }
      expect(newest).toBeGreaterThanOrEqual(settled);
      // The home has asked for the proofs and found them on the chain.
      const first = records.at(pair, 1) ?? expect.fail();
      expect(inclusions.of(first.digest)).toMatchObject({ by: agreement.aggregator, final: true });
      const { cumA, cumB } = await street.chain.pairOf(agreement.a, agreement.b);
      const [owes, gets] = agreement.a === agreement.aggregator ? [cumB, cumA] : [cumA, cumB];
      if (site.startsWith("flat")) paidMicro += owes - gets;
      db.close();
    }
    expect(kinds.get("trade"), seen).toBeGreaterThan(10);
    expect(paidMicro).toBeGreaterThan(0n);
    legs.end(() => true);
    expect(say.report().findings.filter(({ verdict }) => verdict === "bad")).toEqual([]);

    // What the exchange published of its epochs is what it has committed to.
    const { agreement: terms } = await street.seat("aggregator");
    const answer = await fetch(`${street.url}/v1/log/${terms.aggregator}/1`);
    const leaves = leavesOf(decodeLogData(domainOf(terms), new Uint8Array(await answer.arrayBuffer())));
    expect(buildEpoch(leaves).root).toBe((await street.chain.readCommit(terms.aggregator, 1))?.root);

    // The aggregator has traded too, at the price of all.
    const { client } = await street.seat("aggregator");
    const results = await client.results(startMs);
    const slot = iso(startMs + 45 * 60_000);
    const price = results.find(({ start, volumeWh }) => start === slot && volumeWh > 0)?.zones[0]?.sell;
    expect(price).toBeDefined();

    const args = ["market", "exchange", "report", "-c", street.exchangeFile, "--buying", "0.06", "--selling", "0.30", "--json"];
    const { out } = await runProgram(args);
    const report = JSON.parse(out) as {
      participants: { name: string; soldWh: number; receivedMicro: string; soldAtFixedMicro: string }[];
    };
    for (const { name, soldWh, receivedMicro, soldAtFixedMicro } of report.participants.filter((one) => one.soldWh > 0)) {
      expect(name).toMatch(/roof|aggregator/);
      expect(soldWh).toBeGreaterThan(0);
      expect(BigInt(receivedMicro)).toBeGreaterThan(BigInt(soldAtFixedMicro));
    }
    expect(report.participants.filter(({ soldWh }) => soldWh > 0)).toHaveLength(3);
  },
);
