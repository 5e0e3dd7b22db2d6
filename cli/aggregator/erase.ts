import type { AggregatorConfig } from "../../aggregator/config/aggregator-config.ts";
import { eraseRecords } from "../../aggregator/settle/erase-records.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { whoAsks } from "./who.ts";

/**
 * `smart-mla aggregator erase SITE -c FILE [--unsettled] [--json]`: deletes what the aggregator holds of a home's
 * settlement. What is on chain stays: roots, and the pair's totals.
 * @throws AppError erase-still-settled, erase-unsettled, and those of the chain client
 */
export async function aggregatorErase(
  site: string,
  options: { config: string; unsettled?: true; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const config = readAggregatorConfig(options.config);
  if (config.sites.some((known) => known.site === site && known.agreementFile))
    throw new AppError(
      "erase-still-settled",
      `${options.config} has an agreement_file for ${site}; take it out and restart the aggregator first, else it would begin with record 1 again`,
    );
  const store = await openStore(config.database);
  try {
    if (!options.unsettled) await demandSettled(store, site, config.settlement);
    const folder = config.settlement?.log.folder ?? null;
    const erased = await eraseRecords({ store, site, folder, nowMs: Date.now(), who: whoAsks() });
    if (options.json) say(JSON.stringify({ site, ...erased }));
    else {
      say(`${site}: ${erased.records} records with their evidence, salts and signatures, ${erased.disputes} disputes deleted`);
      if (erased.files > 0) say(`${erased.files} data files held whole records of it; they hold digests now`);
      say("roots and the totals of the pair stay on chain; what mirrors or blobs hold of whole records is not reached from here");
    }
    return exitCode.good;
  } finally {
    await store.close();
  }
}

/** Money that the records alone can claim must not be lost with them. */
async function demandSettled(store: AggregatorStore, site: string, settlement: AggregatorConfig["settlement"]): Promise<void> {
  const newest = await store.newestRecord(site);
  if (!newest) return;
  if (!settlement)
    throw new AppError(
      "erase-unsettled",
      "without a settlement section the chain cannot be asked; --unsettled erases all the same",
    );
  const { rpcUrl, chainId, contract } = settlement;
  const chain = chainClient({ rpcUrl, chainId, contract });
  try {
    const { seq } = await chain.pairOf(newest.record.a, newest.record.b);
    if (seq < newest.record.seq)
      throw new AppError(
        "erase-unsettled",
        `the chain has settled record ${seq} of ${site}, the newest is ${newest.record.seq} (${newest.state}); settle first, or add --unsettled`,
      );
  } finally {
    chain.close();
  }
}
