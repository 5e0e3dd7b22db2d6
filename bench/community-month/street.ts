import { causalOutlook, type Outlook } from "../real-prices/outlook.ts";
import { foretoldWeather } from "../real-prices/foretold-weather.ts";
import type { Reality } from "../real-prices/simulate.ts";
import { drawTrial, realityOf, type Trial } from "../real-prices/trial.ts";
import type { TrialData } from "../real-prices/trial-data.ts";

/** A home of the street over the month. */
export interface StreetHome {
  name: string;
  trial: Trial;
  reality: Reality;
  /** What its gateway, or the aggregator by what the gateway tells, knows at a slot. */
  outlook: (slot: number, count: number) => Outlook;
}

/** The tariff of the street: what is added to the spot price before VAT, and what is paid of it for what is sold. */
export const tariff = { fees: 0.12, share: 0.85 };

/** Homes with the same month, tariff and weather: cars, tanks, heat pumps, mostly batteries and PV, real base loads. */
export function street(
  data: TrialData,
  { homes, days, minutes, startMs, seed }: { homes: number; days: number; minutes: number; startMs: number; seed: number },
): StreetHome[] {
  return Array.from({ length: homes }, (_, index) => {
    const common = { startMs, ...tariff };
    const trial = drawTrial(data, { zone: "DE-LU", seed: seed * 1000 + index, index: 0, of: 1, days, minutes, common });
    return {
      name: `home-${index + 1}`,
      trial,
      reality: realityOf(trial),
      outlook: causalOutlook(trial, foretoldWeather(trial)),
    };
  });
}
