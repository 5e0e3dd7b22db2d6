import type { AuditEntry } from "../../aggregator/store/audit-store.ts";
import { iso } from "../../core/clock/clock.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { wholeNumber } from "../whole-number.ts";
import { openLivedStore } from "./lived-store.ts";

/**
 * `smart-mla aggregator audit-log -c FILE [--site S] [--last N] [--json]`: oldest first, so that the newest stands last. The
 * aggregator may run. @throws AppError usage-bad-number
 */
export async function aggregatorAuditLog(
  options: { config: string; site?: string; last: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const limit = wholeNumber("--last", options.last, { least: 1 });
  const store = await openLivedStore(readAggregatorConfig(options.config).database);
  try {
    const found = await store.audit({ limit, ...(options.site !== undefined && { site: options.site }) });
    const entries = found.toReversed();
    if (options.json) say(JSON.stringify({ items: entries.map(({ atMs, ...entry }) => ({ ...entry, at: iso(atMs) })) }));
    else for (const entry of entries) say(lineOf(entry));
    return exitCode.good;
  } finally {
    await store.close();
  }
}

const lineOf = ({ id, atMs, who, action, site, detail }: AuditEntry): string =>
  `${id}  ${iso(atMs)}  ${who.padEnd(16)}  ${action.padEnd(16)}  ${site ?? "-"}  ${JSON.stringify(detail)}`;
