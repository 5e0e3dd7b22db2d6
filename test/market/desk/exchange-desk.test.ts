import { expect, it } from "vitest";
import { signHeadRequest } from "../../../settlement/record/head-request.ts";
import { deskRig, domain, supplier, type Trader } from "./desk-rig.ts";

const [ten36, ten41] = ["2026-06-10T10:36:00Z", "2026-06-10T10:41:00Z"];

async function openRig() {
  const rig = await deskRig(["roof", "car", "aggregator"]);
  const [roof, car, aggregator] = rig.traders;
  if (!roof || !car || !aggregator) throw new Error("three traders were asked for");
  await rig.forecast(roof, 1500);
  await rig.forecast(car, -1500);
  await rig.forecast(aggregator, 50_000);
  return { rig, roof, car, aggregator };
}

it("takes signed orders, clears them at the next full five minutes, and shows each side its own trade", async () => {
  const { rig, roof, car } = await openRig();
  expect(await rig.place(roof)).toBe("taken");
  expect(await rig.place(car, { side: "buy", limit: "250000", wh: 600 })).toBe("taken");
  expect((await rig.own(roof)).trades).toEqual([]);
  await rig.at(ten36);
  const [sold, bought] = [await rig.own(roof), await rig.own(car)];
  // The middle of 0.10 and 0.25 less the fee of 0.01.
  expect(sold.trades).toMatchObject([{ side: "sell", record: null, trade: { wh: 600, price: "170000", fee: "10000" } }]);
  expect(bought.trades).toMatchObject([{ side: "buy", hash: sold.trades[0]?.hash }]);
  expect(sold.orders).toMatchObject([{ tradedWh: 600, state: "open" }]);
  expect((await rig.results()).items).toMatchObject([{ volumeWh: 600 }]);
  // 10 in escrow, less 0.18 for 600 Wh.
  expect(bought.free).toBe(String(10_000_000 - 108_000));
  // What is left is in the next auction, which trades nothing: there is nothing to show of it.
  await rig.at(ten41);
  expect((await rig.results()).items).toHaveLength(1);
});

it("is sealed: before the auction nobody sees another's order, the aggregator neither", async () => {
  const { rig, roof, car, aggregator } = await openRig();
  const bare = JSON.stringify(await rig.results());
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000" });
  const asked = await Promise.all([
    rig.own(aggregator).then((own) => JSON.stringify(own)),
    ...["/v1/rules", "/v1/balancing", "/openapi.json", "/v1/results?from=2026-06-01T00:00:00Z"].map(async (path) =>
      (await rig.running.app.request(path)).text(),
    ),
  ]);
  for (const text of asked) for (const secret of [roof.owner, car.owner, "250000"]) expect(text).not.toContain(secret);
  expect(JSON.stringify(await rig.results())).toBe(bare);
  // Nor with a request that is signed for somebody else's pair.
  const forged = { ...(await rig.requestBy(aggregator)), a: roof.agreement.a, b: roof.agreement.b };
  expect((await rig.post("/v1/own", { request: forged })).status).toBe(403);
  // And who comes last in the batch trades as if first: it has seen nothing to go by.
  await rig.place(aggregator, { limit: "100000", wh: 1000 });
  await rig.at(ten36);
  const traded = async (who: Trader): Promise<number> =>
    (await rig.own(who)).trades.reduce((sum, { trade }) => sum + trade.wh, 0);
  expect([await traded(roof), await traded(aggregator), await traded(car)]).toEqual([500, 500, 1000]);
});

it("takes no order twice, late, by a foreign key, beyond forecast or escrow, and none that is for another exchange", async () => {
  const { rig, roof, car } = await openRig();
  expect(await rig.place(roof)).toBe("taken");
  expect(await rig.place(roof)).toBe("market-order-duplicate");
  expect(await rig.place(roof, { revision: 1, limit: "90000" })).toBe("market-order-conflict");
  expect(await rig.place(roof, { revision: 2, wh: 1501 })).toBe("market-order-oversold");
  expect(await rig.place(roof, { orderId: "o2" }, car.signer)).toBe("market-order-wrong-signer");
  expect(await rig.place(roof, { exchange: car.owner })).toBe("market-order-other-exchange");
  expect(await rig.place(car, { side: "buy", limit: "900000000", wh: 1500 })).toBe("market-order-escrow-short");
  expect(await rig.revoke(roof, rig.digestOf(rig.orderOf(roof)))).toBe("taken");
  expect(await rig.place(roof)).toBe("market-order-duplicate");
  await rig.at("2026-06-10T10:45:00Z");
  expect(await rig.place(roof, { orderId: "o3" })).toBe("market-order-late");
});

it("checks a few signatures of a request that signs for nobody, and no more", async () => {
  const { rig, roof } = await openRig();
  const signature = `0x${"1".repeat(128)}1b`;
  const orders = Array.from({ length: 500 }, (_, at) => ({ order: { ...rig.orderOf(roof), orderId: `o${at}` }, signature }));
  const answer = await rig.post("/v1/orders", { orders });
  const { orders: told } = (await answer.json()) as { orders: { taken: boolean; code: string }[] };
  const codes = told.map(({ code }) => code);
  expect(codes.filter((code) => code === "market-order-not-read")).toHaveLength(497);
  expect(told.some((one) => one.taken)).toBe(false);
  expect(await rig.place(roof)).toBe("taken");
});

it("goes on after a restart with the same book, and trades nothing twice", async () => {
  const { rig, roof, car } = await openRig();
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000", wh: 600 });
  await rig.restart();
  expect(await rig.place(roof)).toBe("market-order-duplicate");
  await rig.at(ten36);
  await rig.restart();
  await rig.at(ten41);
  expect((await rig.own(roof)).trades.map(({ trade }) => trade.wh)).toEqual([600]);
  await rig.place(car, { orderId: "o2", side: "buy", limit: "250000", wh: 900 });
  await rig.at("2026-06-10T10:46:00Z");
  expect((await rig.own(roof)).trades.map(({ trade }) => trade.wh)).toEqual([600, 400]);
  // What is left goes to the supplier: the gate is closed.
  expect((await rig.own(car)).orders).toMatchObject([{ state: "closed" }, { state: "closed", tradedWh: 400 }]);
});

it("holds the auction after a restart that came due while it did not run, the last one of a slot too", async () => {
  const { rig, roof, car } = await openRig();
  await rig.at(ten41);
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000", wh: 600 });
  // The gate of the slot at 11:00 is at 10:45.
  await rig.clock.advance(Date.parse("2026-06-10T10:46:00Z") - rig.clock.now());
  await rig.restart();
  await rig.at("2026-06-10T10:46:05Z");
  expect((await rig.own(roof)).trades).toMatchObject([{ trade: { wh: 600, clearedAt: "2026-06-10T10:45:00.000Z" } }]);
  await rig.restart();
  await rig.at("2026-06-10T10:46:10Z");
  expect((await rig.own(roof)).trades).toHaveLength(1);
});

it("leaves out orders whose escrow or key is gone by the auction", async () => {
  const { rig, roof, car } = await openRig();
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000" });
  rig.escrow.set(car.owner, 100n);
  await rig.at(ten36);
  expect((await rig.own(roof)).trades).toEqual([]);
  expect(rig.log.lines).toMatchObject([{ fields: { participant: car.owner } }]);
  rig.escrow.set(car.owner, 10_000_000n);
  rig.keys.delete(roof.owner);
  await rig.at(ten41);
  expect((await rig.own(car)).trades).toEqual([]);
});

it("answers requests only by a participant's key in force, signed just now", async () => {
  const { rig, roof, car } = await openRig();
  const status = async (request: unknown): Promise<number> => (await rig.post("/v1/own", { request })).status;
  const good = await rig.requestBy(roof);
  expect(await status(good)).toBe(200);
  expect(await status({ ...good, time: good.time - 1 })).toBe(403);
  expect(await status(await rig.requestBy(roof, good.time - 200))).toBe(403);
  expect(await status({ ...good, signature: (await rig.requestBy(car)).signature })).toBe(403);
  expect(await status({ ...good, a: `0x${"1".repeat(40)}` })).toBe(403);
  expect(await status({ nonsense: true })).toBe(400);
  expect((await rig.running.app.request("/v1/nothing")).status).toBe(404);
  expect((await rig.post("/v1/orders", { orders: "x".repeat(2_000_000) })).status).toBe(413);
  const broken = await rig.running.app.request("/v1/orders", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect(broken.status).toBe(400);
  const untold = await rig.running.app.request("/v1/orders", { method: "POST", body: "{}" });
  expect([untold.status, await untold.text()]).toEqual([400, expect.stringContaining("content-type: application/json")]);
});

it("tells a supplier what its customer traded once the gate is closed, and nobody else", async () => {
  const { rig, roof, car } = await openRig();
  await rig.place(roof);
  await rig.place(car, { side: "buy", limit: "250000", wh: 600 });
  await rig.at(ten36);
  const asked = async (who: Trader, by: { owner: string; signer: Trader["signer"] }): Promise<Response> => {
    const [a = "", b = ""] = [who.owner, by.owner].toSorted();
    const time = Math.floor(rig.clock.now() / 1000);
    const request = { a, b, time, signature: await signHeadRequest(by.signer, domain, { a, b, time }) };
    return rig.post("/v1/allocations", { request, from: "2026-06-10T10:00:00Z", to: "2026-06-10T12:00:00Z" });
  };
  expect(await (await asked(roof, supplier)).json()).toEqual({ items: [] });
  await rig.at("2026-06-10T10:46:00Z");
  expect(await (await asked(roof, supplier)).json()).toEqual({
    items: [{ start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z", boughtWh: 0, soldWh: 600 }],
  });
  expect((await asked(car, supplier)).status).toBe(403);
  expect((await asked(roof, car)).status).toBe(403);
  expect((await asked(roof, { owner: supplier.owner, signer: car.signer })).status).toBe(403);
});

it("describes all that it answers, and says which parameter is missing", async () => {
  const { rig } = await openRig();
  const answer = await rig.running.app.request("/openapi.json");
  expect(answer.status).toBe(200);
  const { paths } = (await answer.json()) as { paths: Record<string, unknown> };
  expect(Object.keys(paths).toSorted()).toEqual([
    "/v1/allocations",
    "/v1/balancing",
    "/v1/log/{by}/{epoch}",
    "/v1/orders",
    "/v1/own",
    "/v1/records",
    "/v1/records/{seq}/bundle",
    "/v1/results",
    "/v1/rules",
    "/v1/settlement",
  ]);
  const bare = await rig.running.app.request("/v1/results");
  expect([bare.status, await bare.json()]).toMatchObject([400, { detail: expect.stringContaining("from: missing") }]);
});
