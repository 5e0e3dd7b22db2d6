import { AppError, errorCode } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { energyAmount } from "../../settlement/record/amount.ts";
import type { AggregatorStore, StoredRecord, StoredSlot } from "../store/aggregator-store.ts";

/** Where the figures come from. */
export type UnsignedStore = Pick<AggregatorStore, "newestRecord" | "cursors" | "slots" | "seriesBetween">;

/** Import of one home that was metered and that it has signed no record for: what it owes, and the meter rows that say so. */
export interface UnsignedImport {
  site: string;
  /** The record that waits for the home, as it was proposed. */
  record: RecordWire;
  /** All import before this instant is in records that both have signed, or was none. */
  from: string;
  /** End of the newest row; `from` where there is none. */
  until: string;
  wh: number;
  /** What it costs at the announced prices, micro-units, rounded slot by slot; negative where prices are. */
  amount: bigint;
  /** Energy that no announced price is known for; not in `amount`. */
  unpricedWh: number;
  /** The home's own rows of its grid meter, as they were receipted; of a time that came twice the first. */
  slots: Evidence["slots"];
}

/** The record that waits for a home's signature, or for the operator's word on its dispute; null where nothing waits. */
export async function waitingRecord(store: Pick<AggregatorStore, "newestRecord">, site: string): Promise<StoredRecord | null> {
  const newest = await store.newestRecord(site);
  return newest && newest.state !== "cosigned" ? newest : null;
}

/** From when on the import of a home is in no record that it has signed, ms: records come one after the other. */
export async function unsignedFrom(
  store: Pick<AggregatorStore, "cursors">,
  { site, record }: Pick<StoredRecord, "site" | "record">,
): Promise<number> {
  const startMs = Date.parse(record.start);
  return record.kind === "import" ? startMs : ((await store.cursors(site)).get("import") ?? startMs);
}

/** Import may come in slots of an hour. */
const longestSlotMs = 3_600_000;

/** Whether a home has been supplied for so many whole service periods that it has signed no record for. */
export async function hasUnsigned(
  store: Pick<AggregatorStore, "cursors" | "slots">,
  waiting: StoredRecord,
  { periods, agreement, nowMs }: { periods: number; agreement: Pick<Agreement, "periodS">; nowMs: number },
): Promise<boolean> {
  const reachedMs = (await unsignedFrom(store, waiting)) + periods * agreement.periodS * 1000;
  if (reachedMs > nowMs) return false;
  const late = await store.slots(waiting.site, "import", reachedMs - longestSlotMs, nowMs);
  return late.some(({ endMs }) => endMs >= reachedMs);
}

/** The debt of a home that does not sign, by its own rows; null where no record waits for it. */
export async function unsignedImport(store: UnsignedStore, site: string, nowMs: number): Promise<UnsignedImport | null> {
  const waiting = await waitingRecord(store, site);
  if (!waiting) return null;
  const fromMs = await unsignedFrom(store, waiting);
  const slots = eachOnce(await store.slots(site, "import", fromMs, nowMs), fromMs);
  const series = await store.seriesBetween(fromMs, nowMs);
  let [amount, unpricedWh, wh] = [0n, 0, 0];
  for (const slot of slots) {
    const cost = costOf(slot, series);
    wh += slot.wh;
    if (cost === undefined) unpricedWh += slot.wh;
    else amount += cost;
  }
  const evidence = slots.map((slot) => ({ start: iso(slot.startMs), end: iso(slot.endMs), wh: slot.wh }));
  const until = evidence.at(-1)?.end ?? iso(fromMs);
  return { site, record: waiting.record, from: iso(fromMs), until, wh, amount, unpricedWh, slots: evidence };
}

/**
 * The metered evidence behind a case of the operator's queue.
 * @throws AppError dispute-unknown, dispute-no-evidence where it is another kind of case, or signed by now
 */
export async function evidenceOfCase(
  store: UnsignedStore & Pick<AggregatorStore, "disputeOf">,
  id: number,
  nowMs: number,
): Promise<UnsignedImport> {
  const dispute = await store.disputeOf(id);
  if (!dispute) throw new AppError("dispute-unknown", `there is no dispute ${id}; see smart-mla aggregator disputes list`);
  const found =
    dispute.source === "aggregator" && dispute.resolution === null ? await unsignedImport(store, dispute.site, nowMs) : null;
  if (!found)
    throw new AppError(
      "dispute-no-evidence",
      `${id} is no open case of a home that does not sign (${dispute.code}); the figures of others are in the list`,
    );
  return found;
}

function eachOnce(slots: readonly StoredSlot[], fromMs: number): StoredSlot[] {
  let reachedMs = fromMs;
  return slots.filter(({ startMs, endMs }) => {
    if (startMs < reachedMs) return false;
    reachedMs = endMs;
    return true;
  });
}

/** Undefined where no series has a price for the whole slot; the first that does binds. */
function costOf({ startMs, endMs, wh }: StoredSlot, series: readonly PriceSeries[]): bigint | undefined {
  const binding = series.find((one) => priceAt(one, "import", startMs) !== undefined);
  if (!binding) return undefined;
  try {
    return energyAmount({ register: "import", slots: [{ start: iso(startMs), end: iso(endMs), wh }] }, binding).micro;
  } catch (error) {
    if (errorCode(error) === "settlement-no-price" || errorCode(error) === "settlement-mixed-price") return undefined;
    throw error;
  }
}
