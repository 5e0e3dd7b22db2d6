import { existsSync } from "node:fs";
import { z } from "zod";
import type { Clock } from "../../../core/clock/clock.ts";
import { parseAs } from "../../../core/parse-as.ts";
import { readJsonFile } from "../../../core/read-json-file.ts";
import { writeWholeFile } from "../../../core/write-whole-file.ts";

/** How much may go through: so many of each caller in a minute, and so many of all in a day. */
export interface Allowance {
  /** Why it may not now; undefined counts it for the caller. */
  refusal(caller: string): string | undefined;
  /** Counts one for the day, and keeps the count before anything is paid. */
  spend(): void;
}

/** Transactions of one day; days are counted from 1970 on, in UTC. */
const Spent = z.object({ day: z.int(), spent: z.int().min(0) });
type Spent = z.infer<typeof Spent>;

const malformed = "relayer-spent-malformed";
/** Callers of the last minute that are remembered. */
const mostCallers = 10_000;

/**
 * Goes on from what an earlier run has spent that day, so that a restart gives no new budget.
 * @param options.file where the day's count is kept
 * @throws AppError relayer-spent-malformed where that was changed
 */
export function allowance(
  limits: { perMinute: number; perDay: number },
  { clock, file }: { clock: Pick<Clock, "now" | "monotonicMs">; file: string },
): Allowance {
  let minute = -1;
  const callers = new Map<string, number>();
  let today: Spent = existsSync(file) ? parseAs(Spent, readJsonFile(file, malformed), malformed, file) : { day: 0, spent: 0 };
  const turn = (): void => {
    const nowMinute = Math.floor(clock.monotonicMs() / 60_000);
    if (nowMinute !== minute) callers.clear();
    minute = nowMinute;
    // A clock that is put back begins no new day.
    const day = Math.floor(clock.now() / 86_400_000);
    if (day > today.day) today = { day, spent: 0 };
  };
  return {
    refusal(caller) {
      turn();
      if (today.spent >= limits.perDay) return `the ${limits.perDay} transactions of today are sent; try again tomorrow`;
      const asked = callers.get(caller) ?? 0;
      if (asked >= limits.perMinute || callers.size >= mostCallers)
        return `at most ${limits.perMinute} in a minute; try again later`;
      callers.set(caller, asked + 1);
      return undefined;
    },
    spend() {
      turn();
      today = { ...today, spent: today.spent + 1 };
      writeWholeFile(file, JSON.stringify(today), 0o600);
    },
  };
}
