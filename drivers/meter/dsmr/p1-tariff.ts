import type { ActiveTariff } from "../../../core/reading.ts";

/** Countries whose meters number their tariffs in a known way. */
export type TariffCountry = "NL" | "BE";

/** Low tariff is number 1 in the Netherlands and number 2 in Belgium. */
const meanings: Record<TariffCountry, Record<string, "low" | "normal">> = {
  NL: { "1": "low", "2": "normal" },
  BE: { "1": "normal", "2": "low" },
};

/**
 * The tariff in force from its indicator (0-0:96.14.0), such as "0002".
 * @param country null where it is not known; then the number means nothing
 */
export function activeTariff(indicator: string, country: TariffCountry | null): ActiveTariff | undefined {
  const number = /^0*(\d{1,4})$/.exec(indicator)?.[1];
  if (number === undefined) return undefined;
  return { number, meaning: country === null ? null : (meanings[country][number] ?? null) };
}
