import { aggregatorExportColumns, aggregatorExports } from "../../aggregator/store/export-store.ts";
import { AppError } from "../../core/app-error.ts";
import { exitCode } from "../exit-code.ts";
import { instantOf } from "../instant-of.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { rowsText } from "../rows-text.ts";
import { openLivedStore } from "./lived-store.ts";

/**
 * `smart-mla aggregator export WHAT -c FILE --from INSTANT [--to INSTANT] [--site ID] [--format csv|json]`: rows of its database,
 * page after page. The aggregator may run.
 * @param write resolves when the text has room to go
 * @throws AppError usage-bad-kind, usage-bad-time, unknown-site, and those of openStore
 */
export async function aggregatorExport(
  what: string,
  options: { config: string; from: string; to?: string; site?: string; format: "csv" | "json" },
  write: (text: string) => Promise<void>,
): Promise<number> {
  const kind = aggregatorExports.find((one) => one === what);
  if (!kind) throw new AppError("usage-bad-kind", `"${what}" cannot be exported; there are ${aggregatorExports.join(", ")}`);
  const fromMs = instantOf("--from", options.from);
  const toMs = options.to === undefined ? Date.now() : instantOf("--to", options.to);
  if (fromMs >= toMs) throw new AppError("usage-bad-time", `--from ${options.from} is not before --to ${options.to ?? "now"}`);
  const { database, sites } = readAggregatorConfig(options.config);
  const { site } = options;
  if (site !== undefined && !sites.some((one) => one.site === site))
    throw new AppError("unknown-site", `no site "${site}" in ${options.config}`);
  const store = await openLivedStore(database);
  try {
    const { text, head } = rowsText(aggregatorExportColumns[kind], options.format);
    // The line of names goes out with the first rows: where nothing can be read nothing looks like an empty answer.
    let out = head;
    for await (const rows of store.exportRows(kind, { fromMs, toMs, ...(site !== undefined && { site }) })) {
      out += text(rows);
      if (out === "") continue;
      await write(out);
      out = "";
    }
    return exitCode.good;
  } finally {
    await store.close();
  }
}
