import { stringify } from "csv-stringify/sync";
import type { ExportRow } from "../core/export-row.ts";

/** How exported rows are written: `head` once before them. JSON is one object a line. */
export function rowsText(
  columns: readonly string[],
  format: "csv" | "json",
): { head: string; text: (rows: readonly ExportRow[]) => string } {
  if (format === "json") return { head: "", text: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("") };
  return {
    head: `${columns.join(",")}\n`,
    text: (rows) =>
      stringify(
        rows.map((row) => columns.map((name) => row[name])),
        { cast: { boolean: String, string: harmless } },
      ),
  };
}

/** Words that others chose must not be a formula where the file is opened in a spreadsheet; figures stay as they are. */
const harmless = (text: string): string => (/^[=+@\t\r]|^-(?!\d+$)/.test(text) ? `'${text}` : text);
