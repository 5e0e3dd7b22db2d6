import { timedPriceOf } from "../config/prices-config.ts";
import type { ProviderYaml } from "../config/prices-schema.ts";
import { readSecret } from "../read-secret.ts";
import { awattar } from "./awattar.ts";
import { csvPrices } from "./csv-prices.ts";
import { energiDataService } from "./energi-data-service.ts";
import { energyCharts } from "./energy-charts.ts";
import { entsoeAreas } from "./entsoe-areas.ts";
import { entsoe } from "./entsoe.ts";
import { hvakosterstrommen } from "./hvakosterstrommen.ts";
import type { PriceProvider } from "./market-prices.ts";
import { staticPrices } from "./static-prices.ts";
import { tibber } from "./tibber.ts";

/** The source that a configuration names. Tokens are read at each fetch, so that a new one needs no restart. */
export function providerOf(
  options: ProviderYaml,
  { currency, timezone: zone }: { currency: string; timezone: string },
): PriceProvider {
  switch (options.name) {
    case "entsoe": {
      const { url, area, sequence, token_file: file } = options;
      return entsoe({ url, area: entsoeAreas[area] ?? area, sequence, currency, token: () => readSecret(file) });
    }
    case "energi_data_service":
      return energiDataService({ ...options, currency: currency === "EUR" ? "EUR" : "DKK" });
    case "hvakosterstrommen":
      return hvakosterstrommen({ ...options, currency: currency === "EUR" ? "EUR" : "NOK" });
    case "energy_charts":
      return energyCharts({ url: options.url, zone: options.area });
    case "awattar":
      return awattar({ url: options.url ?? `https://api.awattar.${options.country}`, country: options.country });
    case "tibber": {
      const { url, home_id: home = null, resolution, token_file: file } = options;
      return tibber({ url, home, resolution, currency, token: () => readSecret(file) });
    }
    case "static":
      return staticPrices({
        prices: options.prices.map(timedPriceOf),
        includesTaxes: options.includes_taxes,
        currency,
        zone,
      });
    case "csv": {
      const { file, per, includes_taxes: includesTaxes } = options;
      return csvPrices({ file, per: per === "kwh" ? "kWh" : "MWh", includesTaxes, currency, zone });
    }
  }
}
