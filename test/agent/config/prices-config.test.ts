import { describe, expect, it } from "vitest";
import { agentConfigFromYaml } from "../../../agent/config/agent-config-from-yaml.ts";
import { crossCheck } from "../../../agent/config/cross-check.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";
import { providerOf } from "../../../agent/prices/provider-of.ts";
import { gatewayYaml } from "../../cli/gateway-files.ts";

const providers = {
  entsoe: { area: "NL", token_file: "entsoe.token" },
  energi_data_service: { area: "DK1" },
  hvakosterstrommen: { area: "NO1" },
  energy_charts: { area: "DE-LU" },
  awattar: { country: "at" },
  tibber: { token_file: "credential:tibber" },
  static: { prices: [{ price: 0.3 }] },
  csv: { file: "prices.csv" },
};
const yamlOf = (prices: object, more: object = {}) => gatewayYaml({ prices, ...more });
const mapped = (prices: object) => agentConfigFromYaml(AgentYaml.parse(yamlOf(prices)), "/etc/smart-mla").prices;
const issues = (prices: object, more: object = {}): string[] =>
  crossCheck(AgentYaml.parse(yamlOf(prices, more))).map(({ path, message }) => `${path.join(".")} ${message}`);

it.each(Object.entries(providers))("takes the provider %s", (name, options) => {
  const provider = mapped({ provider: { name, ...options } })?.provider;
  expect(provider?.name).toBe(name);
  expect(provider && providerOf(provider, { currency: "EUR", timezone: "Europe/Amsterdam" }).name).toBe(name);
});

it("counts paths from the folder of the file, and leaves credentials as they are", () => {
  const at = (name: keyof typeof providers) => mapped({ provider: { name, ...providers[name] } })?.provider;
  expect(at("entsoe")).toMatchObject({ token_file: "/etc/smart-mla/entsoe.token" });
  expect(at("tibber")).toMatchObject({ token_file: "credential:tibber" });
  expect(at("csv")).toMatchObject({ file: "/etc/smart-mla/prices.csv" });
});

it("has amounts in micro-units and percentages in parts of a million, written as numbers or as text", () => {
  const provider = { name: "awattar", country: "at" };
  const grid = { price: "0.05", from: "22:00", to: "06:00", days: ["mon", "sun"], months: [1, 12] };
  const tariff = [
    {
      valid_from: "2026-01-01",
      markup_percent: 3,
      markup: 0.015,
      energy_tax: "0.1088",
      vat_percent: 5.5,
      grid_fee: [grid, { price: 0.02 }],
      export: { share_percent: "90.25", fee: -0.01, floor: 0 },
    },
  ];
  expect(mapped({ provider, tariff })?.tariffs).toEqual([
    {
      validFrom: "2026-01-01",
      markupPpm: 30_000n,
      markupMicro: 15_000n,
      energyTaxMicro: 108_800n,
      vatPpm: 55_000n,
      gridFee: [
        { microPerKwh: 50_000n, fromMinute: 1320, toMinute: 360, days: new Set([1, 7]), months: new Set([1, 12]) },
        {
          microPerKwh: 20_000n,
          fromMinute: 0,
          toMinute: 1440,
          days: new Set([1, 2, 3, 4, 5, 6, 7]),
          months: new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        },
      ],
      export: { sharePpm: 902_500n, feeMicro: -10_000n, vatPpm: 0n, floorMicro: 0n },
    },
  ]);
});

it("is the spot price itself without a tariff", () => {
  expect(mapped({ provider: { name: "awattar", country: "de" } })?.tariffs).toMatchObject([{ validFrom: "", vatPpm: 0n }]);
});

describe("refused is", () => {
  const provider = { name: "entsoe", ...providers.entsoe };
  const withTariff = (tariff: object) => ({ provider, tariff: [{ valid_from: "2026-01-01", ...tariff }] });
  it.each<[string, object]>([
    ["an unknown zone", { provider: { ...provider, area: "Mars" } }],
    ["a token in the file", { provider: { ...provider, token: "abc" } }],
    ["no token file", { provider: { name: "entsoe", area: "NL" } }],
    ["an address in the clear", { provider: { ...provider, url: "http://prices.example.org/api" } }],
    ["an address with a password", { provider: { ...provider, url: "https://me:pass@prices.example.org" } }],
    ["a day that is none", withTariff({ valid_from: "2026-02-30" })],
    ["seven decimals", withTariff({ markup: "0.1234567" })],
    ["an amount such as 1e-7", withTariff({ markup: 1e-7 })],
    ["an hour between quarters", withTariff({ grid_fee: [{ price: 1, from: "07:10" }] })],
    ["a month 13", withTariff({ grid_fee: [{ price: 1, months: [13] }] })],
    ["no number", withTariff({ vat_percent: Number.NaN })],
  ])("%s", (_, prices) => expect(AgentYaml.safeParse(yamlOf(prices)).success).toBe(false));

  it("a provider that has not the currency of the house", () => {
    expect(issues({ provider: { name: "hvakosterstrommen", area: "NO1" } })).toEqual([]);
    const site = {
      name: "x",
      timezone: "Europe/Stockholm",
      currency: "SEK",
      grid: { phases: 3, fuse_a: 25, max_import_w: 17_250 },
    };
    expect(issues({ provider: { name: "hvakosterstrommen", area: "NO1" } }, { site })).toEqual([
      "prices.provider.name hvakosterstrommen gives prices in NOK or EUR, site.currency is SEK",
    ]);
  });

  it("two tariffs of one day", () => {
    const tariff = [{ valid_from: "2026-01-01" }, { valid_from: "2026-01-01", markup: 1 }];
    expect(issues({ provider, tariff })).toEqual(["prices.tariff.1.valid_from two tariffs begin on 2026-01-01"]);
  });

  it("a service elsewhere under simulated time", () => {
    const simulation = { clock_url: "tcp://127.0.0.1:1" };
    const weather = { provider: "open_meteo", latitude: 1, longitude: 1 };
    const words = "a configuration with simulation may only ask services on 127.0.0.1: its time runs too fast for others";
    expect(issues({ provider }, { simulation, weather })).toEqual([`prices.provider ${words}`, `weather ${words}`]);
    expect(issues({ provider: { ...provider, url: "http://127.0.0.1:8080" } }, { simulation })).toEqual([]);
    expect(issues({ provider: { name: "static", ...providers.static } }, { simulation })).toEqual([]);
  });
});
