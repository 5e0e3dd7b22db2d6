import type { TimeKeeper } from "../network-time.ts";
import type { Finding } from "./finding.ts";

/** No release of this program is older. */
const earliestMs = Date.parse("2026-01-01T00:00:00Z");

/** Whether the wall clock can be right, and whether somebody keeps it right. */
export async function checkClock(nowMs: number, keeper: TimeKeeper): Promise<Finding[]> {
  const check = "clock";
  const fix =
    "let systemd-timesyncd or chrony reach a time server (timedatectl status); a board without a battery boots in the past";
  if (nowMs < earliestMs)
    return [{ check, verdict: "bad", seen: `it shows ${new Date(nowMs).toISOString()}, which is past`, fix }];
  const asked = await keeper.ask().catch(() => undefined);
  if (asked === undefined && !keeper.marked())
    return [{ check, verdict: "unknown", seen: "no timedatectl to ask whether network time has set it" }];
  const isSynced = asked === undefined || asked.trim() === "yes";
  if (!isSynced) return [{ check, verdict: "bad", seen: "network time has not set it", fix }];
  return [{ check, verdict: "good", seen: "set by network time" }];
}
