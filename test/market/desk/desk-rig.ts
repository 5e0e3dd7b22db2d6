import { id, Wallet } from "ethers";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { emptyPair } from "../../fake/empty-pair.ts";
import { iso } from "../../../core/clock/clock.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { OrdersDown, OwnDown, OrdersUp } from "../../../core/message/exchange-http.ts";
import type { ExchangeForecast, ExchangeOrder } from "../../../core/message/exchange-order.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { SettlementDown, SettlementUp } from "../../../core/message/settlement-message.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import { type Agreement, type SignedAgreement } from "../../../settlement/record/agreement.ts";
import { signHeadRequest } from "../../../settlement/record/head-request.ts";
import { orderDigest, signForecast, signOrder, signRevocation } from "../../../settlement/record/order-signature.ts";
import { signAgreement } from "../../../settlement/record/sign-agreement.ts";
import { clearingHouse } from "../../../market/desk/clearing-house.ts";
import { exchangeDesk } from "../../../market/desk/exchange-desk.ts";
import { exchangeRoutes } from "../../../market/desk/exchange-routes.ts";
import { standings } from "../../../market/desk/standings.ts";
import { usualTimes } from "../../../market/exchange/order-book.ts";
import { pathFees } from "../../../market/exchange/path-fees.ts";
import { exchangeDisputeStore } from "../../../market/store/exchange-dispute-store.ts";
import { exchangeRecordStore } from "../../../market/store/exchange-record-store.ts";
import { exchangeStore } from "../../../market/store/exchange-store.ts";
import { openExchangeDatabase } from "../../../market/store/open-exchange-database.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";

export const domain = { chainId: 31_337, contract: `0x${"c0".repeat(20)}` };
const addressOf = (wallet: Wallet): string => wallet.address.toLowerCase();
const keyOf = (name: string): Wallet => new Wallet(id(`exchange desk: ${name}`));
export const exchangeKey = keyOf("exchange signer");
export const exchangeOwner = addressOf(keyOf("exchange owner"));
/** Who supplies the first trader. */
export const supplier = { owner: addressOf(keyOf("supplier owner")), signer: keyOf("supplier signer") };
/** Half past ten: the first slot whose gate is open for a while begins at 11:00. */
export const startMs = Date.parse("2026-06-10T10:31:00Z");
export const slotMs = Date.parse("2026-06-10T11:00:00Z");

/** A participant with keys and terms. */
export interface Trader {
  name: string;
  owner: string;
  signer: Wallet;
  agreement: Agreement;
}

export const balancing: PriceSeries = {
  v: 1,
  currency: "EUR",
  start: "2026-06-10T00:00:00Z",
  stepS: 3600,
  importPerKwh: Array.from({ length: 24 }, () => "400000"),
  exportPerKwh: Array.from({ length: 24 }, () => "10000"),
};

async function traderNamed(name: string): Promise<Trader & { signed: SignedAgreement }> {
  const [owner, signer] = [addressOf(keyOf(`${name} owner`)), keyOf(`${name} signer`)];
  const ownIsA = owner < exchangeOwner;
  const agreement: Agreement = {
    v: 1,
    a: ownIsA ? owner : exchangeOwner,
    b: ownIsA ? exchangeOwner : owner,
    signerA: addressOf(ownIsA ? signer : exchangeKey),
    signerB: addressOf(ownIsA ? exchangeKey : signer),
    aggregator: exchangeOwner,
    site: name,
    from: "2026-06-01T00:00:00Z",
    until: "2027-06-01T00:00:00Z",
    timezone: "UTC",
    currency: "EUR",
    periodS: 900,
    reward: { kind: "per_day", amount: "0" },
    settlementContract: domain.contract,
    chainId: domain.chainId,
  };
  const [a, b] = ownIsA ? [signer, exchangeKey] : [exchangeKey, signer];
  const signatures = { signatureA: await signAgreement(a, agreement), signatureB: await signAgreement(b, agreement) };
  return { name, owner, signer, agreement, signed: { agreement, ...signatures } };
}

/** An exchange behind its HTTP API, over a file; the chain is told by the test. */
export async function deskRig(names: readonly string[]) {
  const traders = await Promise.all(names.map(traderNamed));
  const clock = fakeClock(startMs);
  const log = silentLog();
  const file = join(scratch("exchange"), "market.db");
  const escrow = new Map(traders.map(({ owner }) => [owner, 10_000_000n]));
  const keys = new Map([...traders, supplier].map(({ owner, signer }) => [owner, addressOf(signer)]));
  const pairOf = (a: string, b: string): Promise<PairState> =>
    Promise.resolve(emptyPair(escrow.get(a) ?? 10n ** 12n, escrow.get(b) ?? 10n ** 12n));
  const chain = {
    pairOf,
    partyOf: (owner: string) =>
      Promise.resolve({
        signer: owner === exchangeOwner ? addressOf(exchangeKey) : (keys.get(owner) ?? null),
        since: 0,
        until: 1e15,
      }),
    keyOf: () => Promise.resolve(undefined),
    readCommit: () => Promise.resolve(undefined),
  };
  const participants = new Map(traders.map(({ owner, name, agreement }) => [owner, { name, agreement }]));
  const agreements = new Map(traders.map(({ owner, signed }) => [owner, signed]));
  const rules = { exchange: exchangeOwner, ...usualTimes, zones: new Set(["grid"]), fees: pathFees(10_000n) };
  const open = async () => {
    const db = openExchangeDatabase(file);
    const [store, records, disputes] = [exchangeStore(db), exchangeRecordStore(db), exchangeDisputeStore(db)];
    const forecasts = await store.forecasts();
    const standing = standings({ participants, chain, store, records, forecasts, settlesDeviations: true, clock, log });
    const desk = await exchangeDesk({ rules, domain, store, standings: standing, clock, log });
    let salts = 0;
    const salt = (): string => id(`salt ${salts++}`);
    const house = clearingHouse({
      participants,
      signer: exchangeKey,
      chain,
      store,
      records,
      disputes,
      balancing: [balancing],
      salt,
      clock,
      log,
    });
    const app = exchangeRoutes({
      rules: {
        v: 1,
        exchange: exchangeOwner,
        ...domain,
        currency: "EUR",
        slotMinutes: 15,
        gateS: 900,
        horizonS: 48 * 3600,
        everyS: 300,
        zones: ["grid"],
        fee: "10000",
        paths: [],
      },
      domain,
      agreements,
      suppliers: new Map([[traders[0]?.owner ?? "", supplier.owner]]),
      closedUntilMs: () => clock.now() + 900_000,
      desk,
      house,
      anchor: { bundleOf: () => Promise.resolve(null) },
      logBytesOf: (by, epoch) => Promise.resolve(by === exchangeOwner && epoch === 1 ? new Uint8Array([1, 2, 3]) : null),
      store,
      records,
      chain,
      balancing: [balancing],
      version: "1",
      clock,
      log,
    });
    return { db, store, records, disputes, desk, house, app };
  };
  let running = await open();
  onTestFinished(() => void running.db.close());
  const post = async (path: string, body: unknown): Promise<Response> =>
    running.app.request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const json = async <T>(response: Response): Promise<T> => {
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as T;
  };
  const requestBy = async ({ agreement: { a, b }, signer }: Trader, time = Math.floor(clock.now() / 1000)) => ({
    a,
    b,
    time,
    signature: await signHeadRequest(signer, domain, { a, b, time }),
  });
  const orderOf = (who: Trader, change: Partial<ExchangeOrder> = {}): ExchangeOrder => ({
    v: 1,
    exchange: exchangeOwner,
    participant: who.owner,
    orderId: "o1",
    revision: 1,
    side: "sell",
    start: iso(slotMs),
    end: iso(slotMs + 900_000),
    wh: 1000,
    limit: "100000",
    zone: "grid",
    validUntil: iso(slotMs),
    ...change,
  });
  const rig = {
    traders,
    clock,
    log,
    escrow,
    keys,
    chain,
    file,
    post,
    requestBy,
    orderOf,
    digestOf: (order: ExchangeOrder) => orderDigest(domain, order),
    get running() {
      return running;
    },
    async restart() {
      running.db.close();
      running = await open();
    },
    /** A house with so much surplus (need below 0) in each slot of the coming day. */
    async forecast(who: Trader, netWh: number, start = "2026-06-10T10:30:00Z"): Promise<OrdersDown["forecast"]> {
      const forecast: ExchangeForecast = {
        v: 1,
        exchange: exchangeOwner,
        participant: who.owner,
        time: iso(Math.floor(clock.now() / 1000) * 1000),
        start,
        slotMinutes: 15,
        netWh: Array.from({ length: 96 }, () => netWh),
        store: null,
      };
      const up: OrdersUp = { forecast: { forecast, signature: await signForecast(who.signer, domain, forecast) } };
      return (await json<OrdersDown>(await post("/v1/orders", up))).forecast;
    },
    async place(who: Trader, change: Partial<ExchangeOrder> = {}, signer = who.signer): Promise<string> {
      const order = orderOf(who, change);
      const signed = { order, signature: await signOrder(signer, domain, order) };
      const { orders } = await json<OrdersDown>(await post("/v1/orders", { orders: [signed] }));
      return orders[0]?.taken ? "taken" : (orders[0]?.code ?? "");
    },
    async revoke(who: Trader, order: string): Promise<string> {
      const revocation = { v: 1 as const, exchange: exchangeOwner, participant: who.owner, order, time: iso(startMs) };
      const signed = { revocation, signature: await signRevocation(who.signer, domain, revocation) };
      const { revocations } = await json<OrdersDown>(await post("/v1/orders", { revocations: [signed] }));
      return revocations[0]?.taken ? "taken" : (revocations[0]?.code ?? "");
    },
    own: async (who: Trader) => json<OwnDown>(await post("/v1/own", { request: await requestBy(who) })),
    async talk(who: Trader, answers: SettlementUp[] = [], metered: unknown[] = []): Promise<SettlementDown[]> {
      const body = { request: await requestBy(who), answers, metered };
      return (await json<{ messages: SettlementDown[] }>(await post("/v1/settlement", body))).messages;
    },
    results: async () =>
      json<{ items: { start: string; volumeWh: number }[] }>(await running.app.request(`/v1/results?from=${iso(startMs)}`)),
    /** Moves time to an instant, as auctions see it. */
    async at(instant: string): Promise<void> {
      await clock.advance(Date.parse(instant) - clock.now());
      await running.desk.tick();
    },
  };
  return rig;
}

/** An exchange at which a roof has just sold 600 Wh to a car, for the slot from 11:00 to 11:15. */
export async function tradedDesk() {
  const rig = await deskRig(["roof", "car"]);
  const [roof, car] = rig.traders;
  if (!roof || !car) throw new Error("two traders were asked for");
  await rig.forecast(roof, 1500);
  await rig.forecast(car, -1500);
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000", wh: 600 });
  await rig.at("2026-06-10T10:36:00Z");
  return { rig, roof, car };
}
