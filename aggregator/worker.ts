import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { importControlKey } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { rejections } from "../core/rejections.ts";
import type { AggregatorConfig } from "./config/aggregator-config.ts";
import { readFeeders } from "./config/read-feeders.ts";
import { readKeyChange } from "./dispatch/key-change.ts";
import { homeLine, openHomes, quietWith, type Homes } from "./homes.ts";
import { priceDesk } from "./optimise/price-desk.ts";
import { openRewards } from "./reward/open-rewards.ts";
import { signedAgreements } from "./settle/signed-agreements.ts";
import { openShare } from "./share/open-share.ts";
import { openStore } from "./store/open-store.ts";

/** What another process decides of a home, that it is erased or gets no flexibility, is known within this time. */
const decidedMs = 2000;

/** A worker as whoever started it sees it. */
export interface RunningWorker {
  worker: string;
  stop(): Promise<void>;
}

/**
 * Wires and starts one of several workers: it takes what homes send from a shared subscription, and plans and speaks to its share of
 * the homes. Settlement, API and enrolment are the business of `aggregator run`.
 * @throws AppError worker-not-configured; where a file, key or address cannot be used
 */
export async function startWorker(options: { config: AggregatorConfig; clock: Clock; log: Log }): Promise<RunningWorker> {
  const { config, clock, log } = options;
  if (!config.workers)
    throw new AppError(
      "worker-not-configured",
      "the configuration has no workers section, so one process does all: aggregator run",
    );
  const ending = new AbortController();
  await using opened = new AsyncDisposableStack();
  opened.defer(() => ending.abort());
  const { signal } = ending;
  const priceList = priceDesk(config.pricesFile, log);
  const feeders = readFeeders(config.feeders);
  const agreements = config.settlement ? signedAgreements(config, config.settlement) : new Map();
  const key = await importControlKey(readJsonFile(config.controlKeyFile, "control-key-unreadable"));
  const store = await openStore(config.database);
  opened.defer(() => store.close());
  let homes: Homes | undefined;
  const share = openShare({
    config,
    leaseMs: config.workers.leaseMs,
    store,
    onGain: (sites) => homes?.gained(sites),
    clock,
    log,
  });
  const line = homeLine({ aggregator: config.id, key, store, share, clock });
  const erased = new Set(await store.erasedSites());
  const unsigned = new Set(await store.unsignedSites());
  homes = openHomes({
    config,
    line,
    store,
    share,
    priceList,
    feeders,
    contracts: openRewards(config, { agreements, feeders, store, log }),
    isUnsettled: (site) => unsigned.has(site),
    keyChange: config.controlKeyChange && (await readKeyChange(config.controlKeyChange)),
    states: new Map(),
    erased,
    rejections: rejections(log, () => clock.monotonicMs()),
    clock,
    log,
    signal,
  });
  await homes.start();
  opened.defer(() => line.link().stop());
  opened.defer(() => share.release());
  opened.defer(() => homes.drain());
  const quietly = quietWith(log);
  await share.tick();
  clock.every(share.tickMs, () => quietly(share.tick(), "leases"), signal);
  clock.every(decidedMs, () => quietly(follow(erased, store.erasedSites()), "looking for erased homes"), signal);
  clock.every(decidedMs, () => quietly(follow(unsigned, store.unsignedSites()), "looking for homes that do not sign"), signal);
  const closing = opened.move();
  return {
    worker: share.worker,
    async stop() {
      ending.abort();
      await closing.disposeAsync();
    },
  };
}

async function follow(known: Set<string>, reading: Promise<readonly string[]>): Promise<void> {
  const now = new Set(await reading);
  for (const site of known) if (!now.has(site)) known.delete(site);
  for (const site of now) known.add(site);
}
