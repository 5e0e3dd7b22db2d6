import { formatMicro } from "../../core/units.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { exitCode } from "../exit-code.ts";
import { settledHome, shownRecord } from "./settled-home.ts";
import { wholeNumber } from "../whole-number.ts";

/** `smart-mla settlement list -c FILE [--from SEQ] [--limit N] [--json]`, straight from the agent's database. */
export async function settlementList(
  options: { config: string; from: string; limit: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const from = wholeNumber("--from", options.from, { least: 1 });
  const limit = wholeNumber("--limit", options.limit, { least: 1, most: 100_000 });
  const home = settledHome(options.config);
  const shown = home.read((stores) => {
    const newest = stores.records.newest(home.pair)?.record.seq ?? 0;
    const found = [];
    for (let seq = from; seq <= newest && found.length < limit; seq++) {
      const known = stores.records.at(home.pair, seq);
      if (known) found.push(shownRecord(known, stores));
    }
    return found;
  });
  for (const one of shown) say(options.json ? JSON.stringify(one) : lineOf(one, home.agreement.agreement));
  return exitCode.good;
}

function lineOf(one: ReturnType<typeof shownRecord>, { aggregator, currency }: Agreement): string {
  const money = `${formatMicro(BigInt(one.amountMicro))} ${currency} ${one.payer === aggregator ? "to the home" : "by the home"}`;
  const epoch = one.inclusion ? `epoch ${one.inclusion.epoch}${one.inclusionFinal ? "" : " (not final)"}` : "in no epoch yet";
  const published = one.publishedTx === null ? "" : `, published in ${one.publishedTx}`;
  return `${one.seq} ${one.kind} ${one.start} to ${one.end}: ${one.wh} Wh, ${money}, ${one.state}, ${epoch}${published}`;
}
