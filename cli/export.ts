import { exportColumns, exportKinds, exportRows } from "../agent/store/export-rows.ts";
import { AppError } from "../core/app-error.ts";
import type { ExportRow } from "../core/export-row.ts";
import { localDayStart } from "../core/slots.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { rowsText } from "./rows-text.ts";

/** Options of `smart-mla export`. */
export interface ExportOptions {
  config: string;
  from: string;
  to?: string;
  json?: true;
}

/** Rows of one write: few enough to be small, many enough to be fast. */
const rowsAtOnce = 1000;

/**
 * `smart-mla export readings|slots|settlements|savings -c FILE --from TIME [--to TIME] [--json]`: CSV with a line of names, or
 * JSON lines. The names of the columns say the unit.
 * @param write resolves when the text has room to go
 * @throws AppError usage-bad-kind, usage-bad-time, store-unusable
 */
export async function exportStored(
  what: string,
  options: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const kind = exportKinds.find((one) => one === what);
  if (!kind) throw new AppError("usage-bad-kind", `"${what}" cannot be exported; there are ${exportKinds.join(", ")}`);
  const { databaseFile, site } = readAgentConfig(options.config);
  const fromMs = instantOf("--from", options.from, site.timezone);
  const toMs = options.to === undefined ? Date.now() : instantOf("--to", options.to, site.timezone);
  if (fromMs >= toMs) throw new AppError("usage-bad-time", `--from ${options.from} is not before --to ${options.to ?? "now"}`);
  const { text, head } = rowsText(exportColumns[kind], options.json ? "json" : "csv");
  // The line of names goes out with the first rows: where nothing can be read nothing looks like an empty answer.
  let out = head;
  let rows: ExportRow[] = [];
  for (const row of exportRows(databaseFile, kind, { fromMs, toMs, zone: site.timezone })) {
    rows.push(row);
    if (rows.length < rowsAtOnce) continue;
    await write(out + text(rows));
    [out, rows] = ["", []];
  }
  await write(out + text(rows));
  return exitCode.good;
}

/** A local day counts from its midnight. @throws AppError usage-bad-time */
function instantOf(option: string, text: string, zone: string): number {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const startMs = localDayStart(text, zone);
    if (startMs !== undefined) return startMs;
  } else if (/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text)) {
    const atMs = Date.parse(text);
    if (Number.isFinite(atMs)) return atMs;
  }
  throw new AppError(
    "usage-bad-time",
    `${option} ${text} is neither a day such as 2026-03-01 (in ${zone}) nor an instant such as 2026-03-01T12:00:00Z`,
  );
}
