import { localDateOf, localDayStart, nextLocalTime } from "../../core/slots.ts";
import { usualSharing } from "../../planner/community/sharing-round.ts";
import { dayGrid, figuresOn } from "../config/day-grid.ts";
import type { FlexibilityConfig } from "../config/market-config.ts";
import { radialGrid } from "./grid-model.ts";
import { slotsOf, type Period } from "./period.ts";
import type { Terms } from "./session.ts";

const hourMs = 3_600_000;
/** Only how fast the rounds settle hangs on it: 0.05 a kWh. */
const priceScale = 5e-5;

/** The local day before. */
export const dayBefore = (date: string, timezone: string): string =>
  localDateOf((localDayStart(date, timezone) ?? 0) - 12 * hourMs, timezone);

/** The local day after. */
export const dayAfter = (date: string, timezone: string): string =>
  localDateOf((localDayStart(date, timezone) ?? 0) + 36 * hourMs, timezone);

/** What holds for the session of a local day. @throws AppError market-bad-grid */
export function sessionTerms(config: FlexibilityConfig, period: Period): Terms {
  const { timezone, slotMinutes } = period;
  const slots = slotsOf(period);
  const eveMs = (localDayStart(dayBefore(period.date, timezone), timezone) ?? 0) - 1;
  const gate = (time: string): number => nextLocalTime(time, timezone, eveMs);
  const endMs = slots.at(-1)?.endMs ?? 0;
  return {
    grid: radialGrid(dayGrid(config.elements, period), slots.length),
    hours: slotMinutes / 60,
    seats: config.participants.flatMap(({ domain, points }) =>
      points.map(({ point, expectedW }) => ({
        participant: domain,
        point,
        expectedW: Array.from(figuresOn(expectedW, period, `what is expected of ${domain} at ${point}`)),
      })),
    ),
    gates: {
      prognosesMs: gate(config.gates.prognoses),
      roundsMs: gate(config.gates.rounds),
      clearMs: gate(config.gates.clear),
      reprognosesMs: gate(config.gates.reprognoses),
      startMs: slots[0]?.startMs ?? 0,
      endMs,
      settleMs: endMs + config.settleMs,
    },
    answerMs: config.answerMs,
    sharing: { ...usualSharing, mostRounds: config.mostRounds },
    repairs: config.repairs,
    priceScale,
    reserve: config.reserve,
    penalty: config.penalty,
  };
}
