import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import { parseMicro } from "../../core/units.ts";
import type { Tariff } from "../prices/tariff.ts";
import { weekdays, type TimedPrice } from "../prices/time-of-use.ts";
import type { AgentYaml } from "./schema.ts";
import type { ProviderYaml, TariffYaml, TimedYaml } from "./prices-schema.ts";

/** Where prices come from, with paths resolved, and the tariffs by their first days. */
export interface PricesConfig {
  provider: ProviderYaml;
  tariffs: Tariff[];
}

/** The spot price and nothing else, from ever. */
export const plainTariff: Tariff = {
  validFrom: "",
  markupPpm: 0n,
  markupMicro: 0n,
  gridFee: [],
  energyTaxMicro: 0n,
  vatPpm: 0n,
  export: { sharePpm: 1_000_000n, feeMicro: 0n, vatPpm: 0n, floorMicro: null },
};

/** Maps the checked section. @param at resolves a path against the folder of the configuration */
export function pricesConfig({ provider, tariff }: NonNullable<AgentYaml["prices"]>, at: (path: string) => string): PricesConfig {
  return {
    provider: withFiles(provider, at),
    tariffs: tariff.length === 0 ? [plainTariff] : tariff.map(tariffOf),
  };
}

function withFiles(provider: ProviderYaml, at: (path: string) => string): ProviderYaml {
  if (provider.name === "csv") return { ...provider, file: at(provider.file) };
  if (!("token_file" in provider)) return provider;
  return { ...provider, token_file: isCredential(provider.token_file) ? provider.token_file : at(provider.token_file) };
}

function tariffOf(tariff: TariffYaml): Tariff {
  const { share_percent: share, fee, vat_percent: vat, floor } = tariff.export;
  return {
    validFrom: tariff.valid_from,
    markupPpm: ppmOf(tariff.markup_percent),
    markupMicro: parseMicro(tariff.markup),
    gridFee: tariff.grid_fee.map(timedPriceOf),
    energyTaxMicro: parseMicro(tariff.energy_tax),
    vatPpm: ppmOf(tariff.vat_percent),
    export: {
      sharePpm: ppmOf(share),
      feeMicro: parseMicro(fee),
      vatPpm: ppmOf(vat),
      floorMicro: floor === undefined ? null : parseMicro(floor),
    },
  };
}

/** A price by local hours, days and months; without days or months it holds on all. */
export function timedPriceOf({ price, from, to, days, months }: TimedYaml): TimedPrice {
  return {
    microPerKwh: parseMicro(price),
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    days: new Set((days ?? weekdays).map((day) => weekdays.indexOf(day) + 1)),
    months: new Set(months ?? Array.from({ length: 12 }, (_, index) => index + 1)),
  };
}

/** 1 % is 10,000 parts of a million; four decimals of a per cent are whole parts. */
const ppmOf = (percent: string): bigint => parseMicro(percent) / 100n;

function minuteOf(time: string): number {
  const [hours = "0", minutes = "0"] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}
