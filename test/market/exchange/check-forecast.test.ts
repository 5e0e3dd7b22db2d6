import { describe, expect, it } from "vitest";
import type { ExchangeForecast } from "../../../core/message/exchange-order.ts";
import { checkForecast } from "../../../market/exchange/check-forecast.ts";
import { signForecast } from "../../../settlement/record/order-signature.ts";
import {
  addressOf,
  alice,
  at,
  bob,
  domain,
  exchangeBook,
  exchangeForecast,
  exchangeOrder,
  nowMs,
  rules,
} from "./exchange-rig.ts";

async function checked(change: Partial<ExchangeForecast> = {}, more: object = {}, by = alice.signer): Promise<string> {
  const forecast = exchangeForecast(change);
  const known = { domain, rules, signer: addressOf(alice.signer), previous: null, nowMs, ...more };
  const found = checkForecast({ forecast, signature: await signForecast(by, domain, forecast) }, known);
  return found.is === "taken" ? "taken" : `${found.code}: ${found.message}`;
}

describe("a forecast", () => {
  it("takes the place of an older one", async () => {
    expect(await checked()).toBe("taken");
    expect(await checked({}, { previous: exchangeForecast({ time: at("09:59") }) })).toBe("taken");
    expect(await checked({}, { previous: exchangeForecast() })).toContain("market-forecast-stale");
  });

  const store = {
    fillWh: 10,
    minWh: 0,
    capacityWh: 9,
    chargeMaxWh: 1,
    dischargeMaxWh: 1,
    chargePerMille: 900,
    dischargePerMille: 900,
  };
  it.each([
    [{ exchange: `0x${"dd".repeat(20)}` }, "market-forecast-other-exchange"],
    [{ slotMinutes: 60 }, "market-forecast-bad-slots"],
    [{ start: at("10:20") }, "market-forecast-bad-slots"],
    [{ store }, "market-forecast-bad-slots: a store of 9 Wh cannot hold 10"],
    [{ time: at("10:12") }, "market-forecast-future"],
  ])("is refused where it cannot be: %j", async (change, answer) => {
    expect(await checked(change)).toContain(answer);
  });

  it("counts only with the key in force of its participant", async () => {
    expect(await checked({}, {}, bob.signer)).toContain("market-forecast-wrong-signer: signed by");
    expect(await checked({}, { signer: null })).toContain("market-forecast-wrong-signer: no key in force");
    const broken = { forecast: exchangeForecast(), signature: `0x${"11".repeat(64)}ff` };
    const known = { domain, rules, signer: addressOf(alice.signer), previous: null, nowMs };
    expect(checkForecast(broken, known)).toMatchObject({ code: "market-forecast-wrong-signer" });
  });

  it("bounds nobody else's orders, and none of other slots", async () => {
    const { place } = exchangeBook();
    const forecast = exchangeForecast({ participant: bob.owner });
    expect(await place(exchangeOrder(), { standing: { forecast } })).toContain("market-order-no-forecast: the forecast is of");
    const coarse = exchangeForecast({ slotMinutes: 30 });
    expect(await place(exchangeOrder(), { standing: { forecast: coarse } })).toContain("by 30 min, expected one of");
  });
});
