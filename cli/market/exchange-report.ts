import { AppError } from "../../core/app-error.ts";
import { formatMicro, parseMicro } from "../../core/units.ts";
import { revenueOf } from "../../market/desk/revenue-report.ts";
import { exchangeRecordStore } from "../../market/store/exchange-record-store.ts";
import { exchangeStore } from "../../market/store/exchange-store.ts";
import { householdOf } from "../../settlement/record/agreement.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import { exitCode } from "../exit-code.ts";
import { withExchangeDatabase } from "./exchange-database.ts";

/** Options of the command line, as text. */
export interface ExchangeReportOptions {
  config: string;
  buying: string;
  selling: string;
  from?: string;
  to?: string;
  json?: true;
}

/**
 * `smart-mla market exchange report -c FILE`: what each participant's trades came to beside fixed prices.
 * @throws AppError store-unusable, units-bad-decimal, market-bad-time, and of agreement files
 */
export async function exchangeReport(options: ExchangeReportOptions, say: (line: string) => void): Promise<number> {
  const fixed = { buying: parseMicro(options.buying), selling: parseMicro(options.selling) };
  const [fromMs, toMs] = [instantOf(options.from), instantOf(options.to)];
  return withExchangeDatabase(options.config, async (db, config) => {
    const [store, records] = [exchangeStore(db), exchangeRecordStore(db)];
    const inside = (startMs: number): boolean => startMs >= (fromMs ?? 0) && startMs < (toMs ?? Infinity);
    const rows = [];
    for (const { name, agreementFile } of config.participants) {
      const owner = householdOf(readAgreement(agreementFile, name, config).agreement);
      const legs = (await store.legs(owner, fromMs ?? 0)).filter(({ startMs }) => inside(startMs));
      const settled = (await records.all(owner)).filter(({ record }) => inside(Date.parse(record.start)));
      rows.push({ name, ...revenueOf(owner, legs, settled, fixed) });
    }
    if (options.json) say(JSON.stringify({ currency: config.currency, participants: rows.map(written) }));
    else for (const line of forPeople(rows, config.currency)) say(line);
    return exitCode.good;
  });
}

function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms))
    throw new AppError("market-bad-time", `"${text}" is no time such as 2026-06-10 or 2026-06-10T08:00:00Z`);
  return ms;
}

type Row = { name: string } & ReturnType<typeof revenueOf>;

const written = ({ name, ...row }: Row): Record<string, string | number> => ({
  name,
  ...Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === "bigint" ? String(value) : value])),
});

function* forPeople(rows: readonly Row[], currency: string): Generator<string> {
  for (const row of rows) {
    yield `${row.name}: ${formatMicro(row.gainMicro)} ${currency} more than at fixed prices`;
    if (row.soldWh > 0)
      yield `  sold ${row.soldWh} Wh for ${formatMicro(row.receivedMicro)}, the aggregator's price gives ${formatMicro(row.soldAtFixedMicro)}`;
    if (row.boughtWh > 0)
      yield `  bought ${row.boughtWh} Wh for ${formatMicro(row.paidMicro)}, the supplier takes ${formatMicro(row.boughtAtFixedMicro)}`;
    if (row.undoneWh > 0) yield `  traded and not done: ${row.undoneWh} Wh, which cost ${formatMicro(row.deviationMicro)}`;
  }
}
