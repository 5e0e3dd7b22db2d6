import { type RewardView, viewEvent, viewReward } from "../../aggregator/reward/reward-views.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { divideHalfEven } from "../../core/units.ts";
import { exitCode } from "../exit-code.ts";
import { instantOf } from "../instant-of.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { openLivedStore } from "./lived-store.ts";

/**
 * `smart-mla aggregator rewards -c FILE --from INSTANT --to INSTANT [--site ID] [--events] [--json]`: what homes got for their
 * flexibility on service days that begin in this time, and what that was paid from. The aggregator may run.
 * @throws AppError usage-bad-time, unknown-site
 */
export async function aggregatorRewards(
  options: { config: string; from: string; to: string; site?: string; events?: true; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const [fromMs, toMs] = [instantOf("--from", options.from), instantOf("--to", options.to)];
  if (fromMs >= toMs) throw new AppError("usage-bad-time", `--from ${options.from} is not before --to ${options.to}`);
  const config = readAggregatorConfig(options.config);
  const sites = config.sites.map(({ site }) => site).filter((site) => options.site === undefined || site === options.site);
  if (sites.length === 0) throw new AppError("unknown-site", `no site "${options.site}" in ${options.config}`);
  const store = await openLivedStore(config.database);
  try {
    const rewards = (await store.rewards(options.site ?? null, fromMs, toMs)).map(viewReward);
    // What all homes brought in is nobody's share.
    const income = options.site === undefined ? await store.income(fromMs, toMs) : [];
    const events = [];
    for (const site of options.events ? sites : [])
      for (const event of await store.events(site, fromMs, toMs))
        events.push(viewEvent(event, await store.planAnswer(site, event.plan)));
    if (options.json) {
      const lines = income.map(({ startMs, endMs, source, micro }) => ({
        start: iso(startMs),
        end: iso(endMs),
        source,
        micro: String(micro),
      }));
      say(JSON.stringify({ rewards, income: lines, ...(options.events && { events }) }));
      return exitCode.good;
    }
    for (const { site, start, end, resource, plan, state } of events)
      say(`${site}  ${start} to ${end}  ${resource}  plan ${plan}  ${state}`);
    for (const reward of rewards) say(lineOf(reward));
    for (const { startMs, source, micro } of income) say(`income  ${iso(startMs)}  ${inCents(micro)}  ${source}`);
    const paid = rewards.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    const there = income.reduce((sum, { micro }) => sum + micro, 0n);
    say(`${inCents(paid)} in rewards${options.site === undefined ? `, from ${inCents(there)} that flexibility brought in` : ""}`);
    return exitCode.good;
  } finally {
    await store.close();
  }
}

const lineOf = ({ site, start, earned, amount, fundedPpm, plans }: RewardView): string =>
  `${site}  ${start}  ${inCents(BigInt(amount))} of ${inCents(BigInt(earned))} earned by ${plans.length} events${
    fundedPpm === null || fundedPpm === 1_000_000 ? "" : `, funded to ${(fundedPpm / 10_000).toFixed(1)} %`
  }`;

/** Two decimals of the currency. */
function inCents(micro: bigint): string {
  const cents = divideHalfEven(micro, 10_000n);
  const size = cents < 0n ? -cents : cents;
  return `${cents < 0n ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
}
