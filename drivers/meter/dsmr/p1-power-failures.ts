import type { PowerFailures } from "../../../core/reading.ts";
import { decimalAt, type Decimal } from "../decimal.ts";
import { nextValue } from "./p1-scan.ts";
import type { MeterZone } from "../meter-zone.ts";
import { p1TimeAt } from "./p1-time.ts";

/** The log holds ten entries by the standard. */
const mostEntries = 20;
/** "No duration known", as meters after a total loss of their clock say it. */
const unknownSeconds = 2_147_483_647;

/** Long power failures of 1-0:99.97.0: (n)(0-0:96.7.19), then n times (end)(seconds*s). Entries with a sentinel are left out. */
export function p1FailureLog(
  bytes: Uint8Array,
  start: number,
  end: number,
  { zone, scratch }: { zone: MeterZone; scratch: Decimal },
): PowerFailures["log"] {
  const log: PowerFailures["log"] = [];
  let at = nextValue(bytes, nextValue(bytes, start + 1, end), end);
  for (let entry = 0; entry < mostEntries && at < end; entry++) {
    const endMs = p1TimeAt(bytes, at, zone);
    const durationAt = nextValue(bytes, at, end);
    const seconds = decimalAt(bytes, durationAt, scratch) ? scratch.mantissa : undefined;
    if (endMs !== null && seconds !== undefined && seconds !== unknownSeconds) log.push({ endMs, seconds });
    at = nextValue(bytes, durationAt, end);
  }
  return log;
}
