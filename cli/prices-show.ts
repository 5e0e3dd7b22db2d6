import { Temporal } from "temporal-polyfill";
import { priceSeriesOf } from "../agent/prices/tariff.ts";
import { providerOf } from "../agent/prices/provider-of.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import type { PriceSeries } from "../core/message/price-series.ts";
import { localDayStart, startOfLocalDay } from "../core/slots.ts";
import { formatMicro } from "../core/units.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { timeOf } from "./time-of.ts";

/** Options of `smart-mla prices show`. */
export interface PricesOptions {
  config: string;
  from?: string;
  to?: string;
  json?: true;
}

const hourMs = 3_600_000;
const mostMs = 31 * 24 * hourMs;

/**
 * `smart-mla prices show -c FILE [--from TIME] [--to TIME] [--json]`: asks the provider of the configuration now and prints
 * what the household would pay and get. Needs no running agent. Exit 1 where nothing is published for that time.
 * @throws AppError prices-not-configured, prices-wrong-currency, usage-bad-time, and those of the provider
 */
export async function pricesShow(options: PricesOptions, say: (line: string) => void, nowMs = Date.now()): Promise<number> {
  const { site, prices } = readAgentConfig(options.config);
  if (!prices)
    throw new AppError("prices-not-configured", `${options.config} has no section prices; see docs/how-to/connect-prices.md`);
  const { timezone: zone, currency } = site;
  const todayMs = startOfLocalDay(nowMs, zone);
  const fromMs = options.from === undefined ? todayMs : instantOf("--from", options.from, zone, nowMs);
  const toMs =
    options.to === undefined
      ? startOfLocalDay(startOfLocalDay(fromMs, zone) + 60 * hourMs, zone)
      : instantOf("--to", options.to, zone, nowMs);
  if (fromMs >= toMs || toMs - fromMs > mostMs)
    throw new AppError("usage-bad-time", "--from must be before --to, and at most 31 days");
  const provider = providerOf(prices.provider, site);
  const answer = await provider.fetch(fromMs, toMs, AbortSignal.timeout(120_000));
  if (answer.currency !== currency)
    throw new AppError(
      "prices-wrong-currency",
      `${provider.name} gives prices in ${answer.currency}, the house counts in ${currency}; choose another provider or site.currency`,
    );
  const series = priceSeriesOf(answer.steps, prices.tariffs, { zone, currency });
  if (options.json)
    say(
      JSON.stringify({
        provider: provider.name,
        zone: answer.zone,
        from: iso(fromMs),
        to: iso(toMs),
        gaps: answer.gaps,
        series,
      }),
    );
  else for (const line of describe(series, { name: provider.name, zone: answer.zone, gaps: answer.gaps }, zone)) say(line);
  return series.length > 0 ? exitCode.good : exitCode.checkFailed;
}

function describe(
  series: readonly PriceSeries[],
  { name, zone, gaps }: { name: string; zone: string; gaps: number },
  timezone: string,
): string[] {
  const steps = series.flatMap(({ start, stepS, importPerKwh, exportPerKwh, currency }) =>
    importPerKwh.map((price, index) => {
      const at = Temporal.Instant.fromEpochMilliseconds(Date.parse(start) + index * stepS * 1000).toZonedDateTimeISO(timezone);
      const local = at.toString({ smallestUnit: "minute", timeZoneName: "never" });
      const [bought, sold] = [price, exportPerKwh[index] ?? "0"].map((micro) => formatMicro(BigInt(micro)).padStart(10));
      return `${local}  ${stepS / 60} min  import ${bought}  export ${sold} ${currency}/kWh`;
    }),
  );
  return [
    `${name} (${zone}): ${steps.length} prices${gaps > 0 ? `, ${gaps} left out` : ""}`,
    ...(steps.length > 0 ? steps : ["nothing is published for this time, or no tariff holds then"]),
  ];
}

/** A local day counts from its midnight. @throws AppError usage-bad-time */
function instantOf(option: string, text: string, zone: string, nowMs: number): number {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? localDayStart(text, zone) : timeOf(text, zone, nowMs);
  if (atMs !== undefined) return atMs;
  throw new AppError(
    "usage-bad-time",
    `${option} ${text} is neither a day such as 2026-03-01 (in ${zone}) nor a time such as 2026-03-01T12:00`,
  );
}
