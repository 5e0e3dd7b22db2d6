import { expect, it } from "vitest";
import { openStore } from "../../fake/open-store.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { ownPriceStore, type OwnPrice } from "../../../agent/store/own-price-store.ts";

const price = (quarter: number, microPerKwh: bigint, quarters = 1): OwnPrice => ({
  startMs: quarter * 900_000,
  endMs: (quarter + quarters) * 900_000,
  microPerKwh,
  taxedMicroPerKwh: null,
  currency: "EUR",
  source: "entsoe NL",
});
const read = (store: ReturnType<typeof ownPriceStore>) =>
  store.read(0, 1e9).map(({ startMs, endMs, microPerKwh }) => [startMs / 900_000, endMs / 900_000, microPerKwh]);

it("keeps prices as they came, with taxes and below zero", () => {
  const store = ownPriceStore(openStore());
  const given = { ...price(4, -12n), taxedMicroPerKwh: 9_007_199_254_740_993n };
  expect(store.save([given], 0)).toBe(1);
  expect(store.read(4 * 900_000, 4 * 900_000 + 1)).toEqual([given]);
  expect([store.read(0, 4 * 900_000), store.until("EUR"), store.until("NOK")]).toEqual([[], 5 * 900_000, null]);
});

it("never touches a price whose time has begun, and takes the newer one of a time to come", () => {
  const store = ownPriceStore(openStore());
  store.save([price(1, 10n), price(2, 20n), price(3, 30n)], 0);
  const nowMs = 2 * 900_000 + 1;
  expect(store.save([price(1, 11n), price(2, 22n), price(3, 33n)], nowMs)).toBe(1);
  expect(read(store)).toEqual([
    [1, 2, 10n],
    [2, 3, 20n],
    [3, 4, 33n],
  ]);
});

it("fills what was missing in the past, and counts nothing twice", () => {
  const store = ownPriceStore(openStore());
  store.save([price(2, 20n)], 9_000_000);
  expect(store.save([price(1, 10n), price(2, 21n)], 9_000_000)).toBe(1);
  expect(store.save([price(1, 10n), price(2, 20n)], 0)).toBe(0);
});

it("puts quarters in the place of an hour to come, not of one that runs", () => {
  const store = ownPriceStore(openStore());
  store.save([price(0, 1n, 4), price(4, 2n, 4)], 0);
  store.save(
    [0, 1, 2, 3, 4, 5, 6, 7].map((quarter) => price(quarter, BigInt(100 + quarter))),
    900_000,
  );
  expect(read(store)).toEqual([
    [0, 4, 1n],
    [4, 5, 104n],
    [5, 6, 105n],
    [6, 7, 106n],
    [7, 8, 107n],
  ]);
});

it("is apart from the prices that the aggregator signed", () => {
  const db = openStore();
  ownPriceStore(db).save([price(1, 10n)], 0);
  expect(controlStore(db).prices(0, 1e9)).toEqual([]);
});
