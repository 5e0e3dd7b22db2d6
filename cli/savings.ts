import { savingsStatement, type SavingsStatement } from "../agent/savings/savings-statement.ts";
import { readSavings } from "../agent/store/read-savings.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { localDateOf, localDayStart } from "../core/slots.ts";
import { divideHalfEven } from "../core/units.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";

/** `smart-mla savings -c FILE [--month 2026-11] [--json]`: the statement of a month. @throws AppError usage-bad-time, store-unusable */
export function savings(
  options: { config: string; month?: string; json?: true },
  nowMs: number,
  say: (line: string) => void,
): Promise<number> {
  const { databaseFile, site } = readAgentConfig(options.config);
  const { timezone: zone, currency } = site;
  const month = options.month ?? localDateOf(nowMs, zone).slice(0, 7);
  const { fromMs, endMs } = spanOf(month, zone);
  if (fromMs >= nowMs) throw new AppError("usage-bad-time", `--month ${month} has not begun; name one that has`);
  const period = { fromMs, toMs: Math.min(endMs, nowMs), zone };
  const statement = savingsStatement(readSavings(databaseFile, period), period);
  if (options.json)
    say(
      JSON.stringify(forPrograms(statement, { site: site.name, month, currency, from: iso(fromMs), to: iso(period.toMs) }, zone)),
    );
  else for (const line of forPeople(statement, { month, currency, zone, isOver: endMs <= nowMs })) say(line);
  return Promise.resolve(exitCode.good);
}

function spanOf(month: string, zone: string): { fromMs: number; endMs: number } {
  const [year = 0, number = 0] = /^\d{4}-\d{2}$/.test(month) ? month.split("-").map(Number) : [];
  const next = number === 12 ? `${year + 1}-01` : `${String(year).padStart(4, "0")}-${String(number + 1).padStart(2, "0")}`;
  const [fromMs, endMs] = [localDayStart(`${month}-01`, zone), localDayStart(`${next}-01`, zone)];
  if (number === 0 || fromMs === undefined || endMs === undefined)
    throw new AppError("usage-bad-time", `--month ${month} is no month such as 2026-11`);
  return { fromMs, endMs };
}

/** Money as text in micro-units; loss days as local dates. */
function forPrograms(statement: SavingsStatement, head: object, zone: string): object {
  const { shiftingMicro, flexibilityMicro, ownSolarMicro, feesMicro, totalMicro, solarMeasured, lossDays, ...rest } = statement;
  return {
    ...head,
    shiftingMicro: String(shiftingMicro),
    flexibilityMicro: String(flexibilityMicro),
    ownSolarMicro: solarMeasured ? String(ownSolarMicro) : null,
    feesMicro: String(feesMicro),
    totalMicro: String(totalMicro),
    ...rest,
    lossDays: lossDays.map(({ startMs, shiftingMicro: micro, reason }) => ({
      day: localDateOf(startMs, zone),
      shiftingMicro: String(micro),
      reason,
    })),
  };
}

const byItself = "if the car had charged on plug-in, and heating and boiler had followed their own controls, same prices";
const missingWords: Record<keyof SavingsStatement["missingHours"], string> = {
  slot: "nothing was kept",
  meter: "no figure of the grid meter",
  price: "no price",
  appliance: "a figure of an appliance is missing",
  open: "a window or block is not over yet",
};

function* forPeople(
  statement: SavingsStatement,
  { month, currency, zone, isOver }: { month: string; currency: string; zone: string; isOver: boolean },
): Generator<string> {
  const { shiftingMicro, flexibilityMicro, ownSolarMicro, feesMicro, totalMicro, coveragePercent } = statement;
  const amount = (micro: bigint): string => `${inCents(micro)} ${currency}`;
  yield `${month}${isOver ? "" : " so far"}${statement.isEstimate ? " (estimate)" : ""}: ${compared(shiftingMicro, currency)}`;
  yield `  shifting: ${amount(shiftingMicro)}`;
  yield `  flexibility payments: ${amount(flexibilityMicro)}`;
  yield `  fees: ${amount(-feesMicro)}`;
  yield `  together: ${amount(totalMicro)}`;
  yield statement.solarMeasured
    ? `own solar, used in the house: worth ${amount(ownSolarMicro)}; the sun's work, not counted above`
    : "own solar: not measured";
  yield `coverage: ${coveragePercent.toFixed(1)} % of the time has meter, price and appliance figures; ${statement.estimatedPercent.toFixed(1)} % of that was worked out and not read`;
  for (const what of Object.keys(missingWords) as (keyof typeof missingWords)[]) {
    const hours = statement.missingHours[what];
    if (hours !== undefined) yield `  without figures ${hours.toFixed(2)} h: ${missingWords[what]}; counted as nothing`;
  }
  for (const { startMs, shiftingMicro: micro, reason } of statement.lossDays)
    yield `loss on ${localDateOf(startMs, zone)}: ${amount(micro)}; ${reason}`;
  yield "This baseline is the household's own. It is not the settlement baseline, by which flexibility is paid.";
}

function compared(micro: bigint, currency: string): string {
  const [text, size] = [inCents(micro), inCents(micro < 0n ? -micro : micro)];
  if (text === "0.00") return `the same as ${byItself}`;
  return `${size} ${currency} ${micro > 0n ? "less" : "more"} than ${byItself}`;
}

/** Two decimals; what rounds to nothing has no sign. */
function inCents(micro: bigint): string {
  const cents = divideHalfEven(micro, 10_000n);
  const size = cents < 0n ? -cents : cents;
  return `${cents < 0n ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
}
