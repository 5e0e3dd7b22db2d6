import { AppError } from "../../core/app-error.ts";
import { parseMicro } from "../../core/units.ts";
import type { Agreement, FlexibilityRule } from "../../settlement/record/agreement.ts";
import { spanMs } from "../span-ms.ts";
import { wholeNumber } from "../whole-number.ts";
import { amountIn } from "./sending.ts";

/** How an agreement rewards, as options of `agreement draft`. */
export interface RewardOptions {
  /** For each day of taking part. */
  reward?: string;
  /** Percent of what flexibility earned. */
  share?: string;
  paidAs: "money" | "better_price" | "discount";
  /** Appliances that may be controlled, with commas between them. */
  control?: string;
  /** Local times, such as 22:00-06:00. */
  hours: string;
  eventsPerDay: string;
  /** Most hours of them; no such limit where it is left out. */
  hoursPerDay?: string;
  /** By appliance a local time by which its energy must be there, or how long it may be held off: boiler=05:00,heat_pump=30m. */
  comfort?: string;
}

/**
 * The reward rule: so much for each day, or a share of what flexibility earned.
 * @throws AppError agreement-malformed where it is not one of the two; what is in it the agreement's schema checks
 */
export function rewardRule(options: RewardOptions): Agreement["reward"] {
  const { reward, share, control } = options;
  if (reward !== undefined && share === undefined) return { kind: "per_day", amount: String(amountIn(reward, "--reward", 0n)) };
  if (share === undefined || reward !== undefined)
    throw new AppError(
      "agreement-malformed",
      "an agreement needs either --reward (for each day) or --share (of what flexibility earned)",
    );
  if (control === undefined)
    throw new AppError(
      "agreement-malformed",
      "--share needs --control: the appliances that may be controlled, such as boiler,charger",
    );
  const [from = "", until = ""] = options.hours.split("-");
  return {
    kind: "flexibility",
    share: perMille(share),
    paidAs: options.paidAs,
    control: {
      resources: control.split(",").toSorted(),
      hours: { from, until },
      eventsPerDay: wholeNumber("--events-per-day", options.eventsPerDay, { least: 1, most: 96 }),
      ...(options.hoursPerDay !== undefined && {
        hoursPerDay: wholeNumber("--hours-per-day", options.hoursPerDay, { least: 1, most: 96 }),
      }),
      ...(options.comfort !== undefined && { comfort: comfortIn(options.comfort) }),
    },
  };
}

/** Bounds of comfort by appliance, in rising order. */
function comfortIn(text: string): NonNullable<FlexibilityRule["control"]["comfort"]> {
  return text
    .split(",")
    .map((item) => {
      const [resource = "", bound = ""] = item.split("=");
      if (/^\d\d:\d\d$/.test(bound)) return { resource, readyBy: bound };
      const mostMs = spanMs(bound);
      if (mostMs === undefined)
        throw new AppError(
          "agreement-malformed",
          `--comfort ${item}: expected an appliance with a local time or a length of time, such as boiler=05:00 or heat_pump=30m`,
        );
      return { resource, maxBlockS: mostMs / 1000 };
    })
    .toSorted((one, other) => (one.resource < other.resource ? -1 : 1));
}

/** Percent with at most one decimal. */
function perMille(percent: string): number {
  const micro = parseMicro(percent);
  if (micro < 0n || micro > 100_000_000n || micro % 100_000n !== 0n)
    throw new AppError(
      "agreement-malformed",
      `--share ${percent}: expected percent from 0 to 100 with at most one decimal, such as 37.5`,
    );
  return Number(micro / 100_000n);
}
