import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AppError } from "../../core/app-error.ts";
import { formatMicro } from "../../core/units.ts";
import { crossCheckMarket, marketConfigFromYaml } from "../../market/config/market-config.ts";
import { MarketYaml } from "../../market/config/schema.ts";
import { replayed } from "../../market/flexibility/kept-step.ts";
import { reportOf, type SessionReport } from "../../market/flexibility/session-report.ts";
import { sessionTerms } from "../../market/flexibility/session-terms.ts";
import { openMarketStore } from "../../market/store/open-market-store.ts";
import { readConfigFile } from "../config-file.ts";
import { exitCode } from "../exit-code.ts";
import { wholeNumber } from "../whole-number.ts";

/** Options of the command line, as text. */
export interface FlexReportOptions {
  config: string;
  days: string;
  json?: true;
}

/**
 * `smart-mla market report -c FILE`: sessions of a grid operator by what it has kept, the newest first; it may run meanwhile. Exit 1
 * where an order was rejected.
 * @throws AppError store-unusable
 */
export async function flexReport(options: FlexReportOptions, say: (line: string) => void): Promise<number> {
  const days = wholeNumber("--days", options.days, { least: 1, most: 1000 });
  const config = marketConfigFromYaml(
    readConfigFile(options.config, MarketYaml, crossCheckMarket),
    dirname(resolve(options.config)),
  );
  if (!existsSync(config.databaseFile))
    throw new AppError("store-unusable", `no database ${config.databaseFile}; has the grid operator run?`);
  const store = await openMarketStore(config.databaseFile);
  try {
    const sessions: SessionReport[] = [];
    for (const date of await store.periods(days)) {
      const kept = store.steps(date);
      const rules = (await kept.rules()) ?? config.flexibility;
      const period = { date, timezone: config.timezone, slotMinutes: rules.slotMinutes };
      sessions.push(reportOf(replayed(sessionTerms(rules, period), await kept.steps()), period));
    }
    if (options.json) say(JSON.stringify({ currency: config.currency, sessions }));
    else for (const line of sessions.flatMap((session) => forPeople(session, config.currency))) say(line);
    const isRejected = sessions.some(({ orders }) => orders.some(({ answer }) => answer === "rejected"));
    return isRejected ? exitCode.checkFailed : exitCode.good;
  } finally {
    await store.close();
  }
}

function forPeople({ date, phase, rounds, congestion, shortfall, orders }: SessionReport, currency: string): string[] {
  return [
    `${date}: ${phase}${rounds > 0 ? `, ${rounds} rounds` : ""}`,
    ...congestion.map((words) => `  by the prognoses ${words}`),
    ...shortfall.map((words) => `  NOT KEPT: ${words}`),
    ...orders.map(
      ({ participant, point, askedWh, price, answer, reason, settled }) =>
        `  ${participant} at ${point}: ${askedWh} Wh for ${formatMicro(BigInt(price))} ${currency}, ${said(answer, reason)}, settlement ${settled}`,
    ),
  ];
}

const said = (answer: SessionReport["orders"][number]["answer"], reason: string | null): string =>
  answer === "none" ? "not answered" : answer === "accepted" ? "accepted" : `REJECTED (${reason ?? "no reason"}), but it binds`;
