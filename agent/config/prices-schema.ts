import { z } from "zod";
import { entsoeAreas } from "../prices/entsoe-areas.ts";
import { danishDatasets } from "../prices/energi-data-service.ts";
import { weekdays } from "../prices/time-of-use.ts";

const asText = z.union([z.number(), z.string()]).transform(String);

/** Money per kWh: 0.1527 or "0.1527". */
const Money = asText.pipe(
  z.string().regex(/^-?\d{1,6}(\.\d{1,6})?$/, "an amount per kWh with at most six decimals, such as 0.1527"),
);
/** Per cent: 21 or "5.5". */
const Percent = asText.pipe(z.string().regex(/^-?\d{1,4}(\.\d{1,4})?$/, "per cent with at most four decimals, such as 21"));

const Quarter = z.string().regex(/^([01]\d|2[0-3]):(00|15|30|45)$/, 'a local time at a full quarter of an hour, such as "07:00"');

const Timed = z.strictObject({
  price: Money,
  from: Quarter.default("00:00"),
  to: z.union([Quarter, z.literal("24:00")]).default("24:00"),
  days: z.array(z.enum(weekdays)).min(1).optional(),
  months: z.array(z.int().min(1).max(12)).min(1).optional(),
});
export type TimedYaml = z.output<typeof Timed>;

/** A token must not cross the network in the clear, and prices must not be changed on the way. */
export const ServiceUrl = z
  .url({ protocol: /^https?$/, error: "an https:// address" })
  .refine((url) => url.startsWith("https:") || isLoopback(url), "an https:// address; http:// only on this machine")
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), "no user or password in the address");

/** Whether an address is on this machine. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && ["127.0.0.1", "[::1]", "localhost"].includes(new URL(url).hostname);
}

const token = { token_file: z.string().min(1) };

/** Sources of prices; each option as its provider has it. */
const Provider = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("entsoe"),
    area: z.string().refine((area) => area in entsoeAreas || /^\d\d[A-Z][A-Z0-9-]{13}$/.test(area), {
      message: `a bidding zone (${Object.keys(entsoeAreas).join(", ")}) or its EIC code`,
    }),
    sequence: z.int().min(1).max(9).default(1),
    ...token,
    url: ServiceUrl.default("https://web-api.tp.entsoe.eu/api"),
  }),
  z.strictObject({
    name: z.literal("energi_data_service"),
    area: z.string().regex(/^[A-Z]{2}\d?$/, "a price area such as DK1"),
    dataset: z.enum(danishDatasets).default("DayAheadPrices"),
    url: ServiceUrl.default("https://api.energidataservice.dk/dataset"),
  }),
  z.strictObject({
    name: z.literal("hvakosterstrommen"),
    area: z.string().regex(/^NO[1-5]$/, "NO1 to NO5"),
    url: ServiceUrl.default("https://www.hvakosterstrommen.no/api/v1/prices"),
  }),
  z.strictObject({
    name: z.literal("energy_charts"),
    area: z.string().regex(/^[A-Za-z0-9-]{2,20}$/, "a bidding zone such as DE-LU"),
    url: ServiceUrl.default("https://api.energy-charts.info"),
  }),
  z.strictObject({ name: z.literal("awattar"), country: z.enum(["de", "at"]), url: ServiceUrl.optional() }),
  z.strictObject({
    name: z.literal("tibber"),
    home_id: z.string().min(1).optional(),
    resolution: z.enum(["quarter_hourly", "hourly"]).default("quarter_hourly"),
    ...token,
    url: ServiceUrl.default("https://api.tibber.com/v1-beta/gql"),
  }),
  z.strictObject({
    name: z.literal("static"),
    prices: z.array(Timed).min(1).max(100),
    includes_taxes: z.boolean().default(true),
  }),
  z.strictObject({
    name: z.literal("csv"),
    file: z.string().min(1),
    per: z.enum(["kwh", "mwh"]).default("kwh"),
    includes_taxes: z.boolean().default(false),
  }),
]);
export type ProviderYaml = z.output<typeof Provider>;

const Tariff = z.strictObject({
  valid_from: z.iso.date(),
  markup_percent: Percent.default("0"),
  markup: Money.default("0"),
  grid_fee: z.array(Timed).max(100).default([]),
  energy_tax: Money.default("0"),
  vat_percent: Percent.default("0"),
  export: z
    .strictObject({
      share_percent: Percent.default("100"),
      fee: Money.default("0"),
      vat_percent: Percent.default("0"),
      floor: Money.optional(),
    })
    .default({ share_percent: "100", fee: "0", vat_percent: "0" }),
});
export type TariffYaml = z.output<typeof Tariff>;

/** Where the house gets its prices from by itself, and what it pays beside them. */
export const PricesYaml = z.strictObject({ provider: Provider, tariff: z.array(Tariff).max(100).default([]) });

const place = {
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
};

/** Where the house gets its weather forecast from. */
export const WeatherYaml = z.discriminatedUnion("provider", [
  z.strictObject({
    provider: z.literal("met_no"),
    ...place,
    altitude_m: z.int().min(-500).max(9000).optional(),
    contact: z.string().regex(/^[\x21-\x7e]{3,100}$/, "a mail address or a web page without spaces, as met.no asks for"),
    url: ServiceUrl.default("https://api.met.no/weatherapi/locationforecast/2.0/compact"),
  }),
  z.strictObject({
    provider: z.literal("open_meteo"),
    ...place,
    url: ServiceUrl.default("https://api.open-meteo.com/v1/forecast"),
  }),
]);
export type WeatherYaml = z.output<typeof WeatherYaml>;
