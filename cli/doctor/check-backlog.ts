import { readBacklog } from "../../agent/store/backlog.ts";
import type { AgentConfig } from "../../agent/config/agent-config.ts";
import type { Finding } from "./finding.ts";

const hourMs = 3_600_000;

/** How long data waits for the aggregator's signed receipt. */
export function checkBacklog(
  { databaseFile, aggregator }: Pick<AgentConfig, "databaseFile" | "aggregator">,
  nowMs: number,
): Finding[] {
  const found = aggregator ? readBacklog(databaseFile) : null;
  if (!found) return [];
  const check = "backlog";
  if (found.oldestMs === null) return [{ check, verdict: "good", seen: "everything was receipted" }];
  const hours = (nowMs - found.oldestMs) / hourMs;
  const seen = `${found.rows} rows on disk, the oldest of ${new Date(found.oldestMs).toISOString()}`;
  if (hours < 1) return [{ check, verdict: "good", seen }];
  const fix = "nothing is lost while there is room; see the broker and the aggregator above";
  return [{ check, verdict: "warning", seen, fix }];
}
