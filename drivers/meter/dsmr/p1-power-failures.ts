import type { PowerFailures } from "../../../core/reading.ts";
import { decimalAt } from "../decimal.ts";
import { nextValue, type P1Line } from "./p1-parser.ts";
import { p1TimeAt, type P1Zone } from "./p1-time.ts";

/** The log holds ten entries by the standard. */
const mostEntries = 20;
/** "No duration known", as meters after a total loss of their clock say it. */
const unknownSeconds = 2_147_483_647;

/** Long power failures of 1-0:99.97.0: (n)(0-0:96.7.19), then n times (end)(seconds*s). Entries with a sentinel are left out. */
export function p1FailureLog(bytes: Uint8Array, line: P1Line, zone: P1Zone): PowerFailures["log"] {
  const log: PowerFailures["log"] = [];
  let at = nextValue(bytes, nextValue(bytes, line.start + 1, line.end), line.end);
  for (let entry = 0; entry < mostEntries && at < line.end; entry++) {
    const endMs = p1TimeAt(bytes, at, zone);
    const durationAt = nextValue(bytes, at, line.end);
    const seconds = decimalAt(bytes, durationAt)?.mantissa;
    if (endMs !== null && seconds !== undefined && seconds !== unknownSeconds) log.push({ endMs, seconds });
    at = nextValue(bytes, durationAt, line.end);
  }
  return log;
}
