import { errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ExchangeForecast, SignedForecast } from "../../core/message/exchange-order.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import type { Refusal } from "./check-order.ts";
import type { BookRules } from "./order-book.ts";
import { forecastSigner } from "../../settlement/record/order-signature.ts";

/** How far a participant's clock may be ahead. */
const clockSkewMs = 60_000;

/**
 * Whether a forecast takes the place of the one before. Pure; it has passed its schema.
 * Codes: market-forecast-other-exchange, -bad-slots, -future, -stale, -wrong-signer.
 * @param signer key in force of the participant, lower case; null where none is
 */
export function checkForecast(
  { forecast, signature }: SignedForecast,
  known: { domain: SettlementDomain; rules: BookRules; signer: string | null; previous: ExchangeForecast | null; nowMs: number },
): { is: "taken"; forecast: ExchangeForecast } | Refusal {
  const { domain, rules, signer, previous, nowMs } = known;
  const refuse = (code: string, message: string): Refusal => ({ is: "refused", code, message });
  const { exchange, participant, time, start, slotMinutes, store } = forecast;
  if (exchange !== rules.exchange)
    return refuse("market-forecast-other-exchange", `it is for exchange ${exchange}, this is ${rules.exchange}`);
  if (slotMinutes !== rules.slotMinutes || Date.parse(start) % (slotMinutes * 60_000) !== 0)
    return refuse(
      "market-forecast-bad-slots",
      `slots of ${slotMinutes} min from ${start} are not those of ${rules.slotMinutes} min`,
    );
  if (store && (store.fillWh > store.capacityWh || store.minWh > store.capacityWh))
    return refuse(
      "market-forecast-bad-slots",
      `a store of ${store.capacityWh} Wh cannot hold ${store.fillWh} or ${store.minWh} Wh`,
    );
  if (Date.parse(time) > nowMs + clockSkewMs)
    return refuse("market-forecast-future", `it was made at ${time}, now is ${iso(nowMs)}`);
  if (previous && Date.parse(time) <= Date.parse(previous.time))
    return refuse("market-forecast-stale", `it was made at ${time}, the one here at ${previous.time}`);
  if (signer === null) return refuse("market-forecast-wrong-signer", `no key in force is registered for ${participant}`);
  try {
    const by = forecastSigner(domain, forecast, signature);
    if (by === signer) return { is: "taken", forecast };
    return refuse("market-forecast-wrong-signer", `signed by ${by}, the key of ${participant} is ${signer}`);
  } catch (error) {
    return refuse("market-forecast-wrong-signer", errorMessage(error));
  }
}
