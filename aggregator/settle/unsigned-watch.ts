import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { formatMicro } from "../../core/units.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { type Agreement, householdOf } from "../../settlement/record/agreement.ts";
import { oneAtATime } from "../dispatch/one-at-a-time.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { hasUnsigned, type UnsignedStore, unsignedImport, waitingRecord } from "./unsigned-import.ts";

/** How long a home may be supplied without a signature. */
export interface UnsignedRule {
  /** Whole service periods of metered import that it has signed no record for. */
  periods: number;
  /** So long it has had that many, and has been asked; a home that comes back with a week of rows needs some time, ms. */
  answerMs: number;
}

/** Looks after homes that are supplied and do not sign. */
export interface UnsignedWatch {
  /** Whether a home gets no flexibility because it does not sign. */
  isUnsettled(site: string): boolean;
  /** Takes up the cases of an earlier run. */
  load(): Promise<void>;
  /**
   * Looks at one home: opens its case, or closes it where it has signed. To be called after each step of its settlement;
   * never rejects, what failed is done by the next look.
   */
  look(site: string): Promise<void>;
}

const code = "settlement-unsigned-import";

/**
 * A supplier cannot switch a home off, and nobody can take money without the home's signature: what bounds its loss is that
 * it gives no flexibility on trust, and that a person learns of it with the evidence. The debt stays: the next record that
 * the home signs comes after those that it owes.
 */
export function unsignedWatch(options: {
  store: UnsignedStore & Pick<AggregatorStore, "addDispute" | "signedNow" | "unsignedSites">;
  agreements: ReadonlyMap<string, Agreement>;
  chain: Pick<ChainReader, "partyOf">;
  rule: UnsignedRule;
  clock: Clock;
  log: Log;
}): UnsignedWatch {
  const { store, rule, clock, log } = options;
  const unsettled = new Set<string>();
  const sinceMs = new Map<string, number>();
  const raise = async (site: string, agreement: Agreement): Promise<void> => {
    const { currency } = agreement;
    // Without the chain no signature can be checked: the home may have signed. Its time begins anew.
    await options.chain.partyOf(householdOf(agreement)).catch((error: unknown) => {
      sinceMs.delete(site);
      throw error;
    });
    const debt = await unsignedImport(store, site, clock.now());
    if (!debt) return;
    const { record, from, until, wh, amount, unpricedWh } = debt;
    const message =
      `${wh} Wh of import from ${from} to ${until}, ${formatMicro(amount)} ${currency} at the announced prices` +
      `${unpricedWh > 0 ? ` without ${unpricedWh} Wh that have none` : ""}, are metered and not signed for; ` +
      "the home gets no flexibility until it signs";
    const figures = { from, until, wh, amount: String(amount) };
    const { seq } = record;
    await store.addDispute({ site, seq, source: "aggregator", code, message, own: figures, record, atMs: clock.now() });
    unsettled.add(site);
    log.error({ code, site, seq, ...figures }, "a home is supplied and does not sign: it gets no flexibility until it does");
  };
  const lookAt = async (site: string): Promise<void> => {
    const agreement = options.agreements.get(site);
    if (!agreement) return;
    const waiting = await waitingRecord(store, site);
    if (!waiting || !(await hasUnsigned(store, waiting, { ...rule, agreement, nowMs: clock.now() }))) {
      sinceMs.delete(site);
      if (!unsettled.has(site)) return;
      // In the database first: workers and the next run go by it.
      await store.signedNow(site, clock.now());
      unsettled.delete(site);
      return log.info({ site }, "the home has signed what it was supplied with: it gets flexibility again");
    }
    if (unsettled.has(site)) return;
    const since = sinceMs.get(site) ?? clock.monotonicMs();
    sinceMs.set(site, since);
    if (clock.monotonicMs() - since >= rule.answerMs) await raise(site, agreement);
  };
  return {
    isUnsettled: (site) => unsettled.has(site),
    load: async () => (await store.unsignedSites()).forEach((site) => unsettled.add(site)),
    look: oneAtATime((site) =>
      lookAt(site).catch((error: unknown) =>
        log.warn(
          { site, code: errorCode(error), error: errorMessage(error) },
          "looking for unsigned import failed, done again later",
        ),
      ),
    ),
  };
}
