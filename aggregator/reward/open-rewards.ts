import type { Log } from "../../core/log.ts";
import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import { priceBook } from "../../planner/price-book.ts";
import type { AggregatorConfig, FeederConfig } from "../config/aggregator-config.ts";
import { readPriceSeries } from "../optimise/read-price-series.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { eventRecorder } from "./event-recorder.ts";
import { contracts, type Contracts } from "./under-contract.ts";
import { worth } from "./worth.ts";

/**
 * What holds control to its contracts and writes it down to be rewarded.
 * @throws AppError prices-unreadable, prices-malformed of the file that says what a kWh is worth
 */
export function openRewards(
  { worthFile, slotMinutes }: Pick<AggregatorConfig, "worthFile" | "slotMinutes">,
  parts: {
    agreements: ReadonlyMap<string, SignedAgreement>;
    feeders: readonly FeederConfig[];
    store: AggregatorStore;
    log: Log;
  },
): Contracts {
  const { agreements, feeders, store, log } = parts;
  const prices = worthFile === undefined ? null : priceBook(readPriceSeries(worthFile));
  const promised = [...agreements.values()].filter(({ agreement }) => agreement.reward.kind === "flexibility").length;
  if (!prices && promised > 0)
    log.warn(
      { homes: promised },
      "no flexibility.worth_file says what a kWh is worth: what these homes shift earns them nothing",
    );
  const recorder = eventRecorder({ store, worth: worth({ prices, feeders, store, slotMinutes }), slotMinutes, log });
  return contracts({ agreements, store, recorder, slotMinutes, log });
}
