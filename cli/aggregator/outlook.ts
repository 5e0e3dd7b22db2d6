import { portfolioOutlook } from "../../aggregator/forecast/portfolio-outlook.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { slotsBetween } from "../../core/slots.ts";
import { OutlookFile } from "../../market/wholesale/outlook-file.ts";
import { productMinutes } from "../../market/wholesale/product.ts";
import { exitCode } from "../exit-code.ts";
import { instantOf } from "../instant-of.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { stderrLog } from "../stderr-log.ts";
import { openLivedStore } from "./lived-store.ts";

const hourMs = 3_600_000;
/** As far as forecasts of homes say more than the time of the day does. */
const mostHours = 48;

/**
 * `smart-mla aggregator outlook -c FILE --from INSTANT --to INSTANT --short PRICE --long PRICE`: what all homes will take, as the
 * outlook that `market wholesale bid` reads. The aggregator may run.
 * @throws AppError usage-bad-time, market-bad-outlook, and those of openStore
 */
export async function aggregatorOutlook(
  options: { config: string; from: string; to: string; short: string; long: string; participant?: string },
  say: (line: string) => void,
): Promise<number> {
  const nowMs = Date.now();
  const fromMs = instantOf("--from", options.from);
  const toMs = instantOf("--to", options.to);
  const slots = slotsBetween(fromMs, toMs, productMinutes);
  if (slots[0]?.startMs !== fromMs || slots.at(-1)?.endMs !== toMs || toMs - fromMs > mostHours * hourMs)
    throw new AppError(
      "usage-bad-time",
      `--from ${options.from} and --to ${options.to} are not full quarters of an hour, in this order and at most ${mostHours} h apart`,
    );
  if (fromMs <= nowMs) throw new AppError("usage-bad-time", `--from ${options.from} has begun; bids are for what is to come`);
  const { database, sites, id } = readAggregatorConfig(options.config);
  const store = await openLivedStore(database);
  try {
    const names = sites.map(({ site }) => site);
    const found = await portfolioOutlook(store, names, slots, nowMs);
    const outlook = OutlookFile.safeParse({
      participant: options.participant ?? id,
      products: found.map(({ startMs, forecastWh, errorsWh }) => ({
        start: iso(startMs),
        forecast_wh: forecastWh,
        errors_wh: errorsWh,
        short: options.short,
        long: options.long,
      })),
    });
    if (!outlook.success) {
      const [issue] = outlook.error.issues;
      throw new AppError(
        "market-bad-outlook",
        `${String(issue?.path.at(-1))}: ${issue?.message}; see --short, --long and --participant`,
      );
    }
    const unplanned = found.filter(({ isPlanned }) => !isPlanned).length;
    if (unplanned > 0)
      stderrLog("outlook").warn(
        { unplanned, of: found.length },
        "quarters lie behind what appliances are told: what appliances will take is not in them",
      );
    say(JSON.stringify(outlook.data));
    return exitCode.good;
  } finally {
    await store.close();
  }
}
