import { AppError } from "../../core/app-error.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Dispute, Resolution } from "../store/dispute-store.ts";
import { evidenceOf } from "./next-period.ts";
import { type UnsignedStore, unsignedImport } from "./unsigned-import.ts";

/** What a person can decide about a home's dispute. */
export const resolutions = ["again", "home", "skip"] as const satisfies readonly Exclude<Resolution, "settled" | "signed">[];

/** A dispute with the figures of both sides. */
export interface DisputeView extends Dispute {
  /** What was proposed: energy, Wh, and amount, micro-units. */
  proposed: { wh: number; amount: string } | null;
  /** What the slots would give that count now, and those that the home sent last; Wh, null where some are missing. */
  slots: { first: number | null; last: number | null } | null;
  /** What a home that does not sign owes by now: energy, Wh, and amount, micro-units; null for other cases. */
  unsigned: { from: string; until: string; wh: number; amount: string; unpricedWh: number } | null;
}

/** A dispute as a person needs it to decide. */
export async function viewDispute(store: UnsignedStore, dispute: Dispute, nowMs: number): Promise<DisputeView> {
  const { record, site } = dispute;
  const proposed = record && { wh: record.wh, amount: record.amount };
  const energy = dispute.source === "home" && record && record.kind !== "reward";
  const slots = energy
    ? { first: await whOf(store, site, record, "first"), last: await whOf(store, site, record, "last") }
    : null;
  const isUnsigned = dispute.source === "aggregator" && dispute.resolution === null;
  return { ...dispute, proposed, slots, unsigned: isUnsigned ? await debtOf(store, site, nowMs) : null };
}

async function debtOf(store: UnsignedStore, site: string, nowMs: number): Promise<DisputeView["unsigned"]> {
  const debt = await unsignedImport(store, site, nowMs);
  if (!debt) return null;
  const { from, until, wh, amount, unpricedWh } = debt;
  return { from, until, wh, amount: String(amount), unpricedWh };
}

/**
 * Decides a home's dispute: `again` proposes the period anew from the slots that are here; `home` from those that it sent
 * last, where they give its own figure; `skip` leaves the period out, unsettled for ever. Whatever is proposed, the home
 * checks and signs it as any other record. The aggregator may go on running.
 * @param who for the audit log
 * @throws AppError dispute-unknown, dispute-resolved, dispute-not-by-home, dispute-no-such-figures
 */
export async function resolveDispute(
  store: AggregatorStore,
  id: number,
  resolution: (typeof resolutions)[number],
  nowMs: number,
  who: string,
): Promise<Dispute> {
  const dispute = await store.disputeOf(id);
  if (!dispute) throw new AppError("dispute-unknown", `there is no dispute ${id}; see smart-mla aggregator disputes list`);
  if (dispute.source !== "home")
    throw new AppError(
      "dispute-not-by-home",
      dispute.source === "chain"
        ? `${id} is what the chain did not settle (${dispute.code}); cure that, and it is settled with the next epoch`
        : `${id} is what ${dispute.site} owes and does not sign for; it is closed when the home signs`,
    );
  if (resolution === "home") await demandHomeFigures(store, dispute);
  const { site, seq } = dispute;
  const resolved = await store.audited(
    (part) => part.resolveDispute(id, resolution, nowMs),
    (done) => (done ? { atMs: nowMs, who, action: "dispute.resolve", site, detail: { id, seq, resolution } } : null),
  );
  if (!resolved) throw new AppError("dispute-resolved", `dispute ${id} is resolved already, or its record is disputed no more`);
  return dispute;
}

async function demandHomeFigures(store: Pick<AggregatorStore, "slots">, { id, site, record, own }: Dispute): Promise<void> {
  const wh = (own as { wh?: number }).wh;
  const sent = record && record.kind !== "reward" ? await whOf(store, site, record, "last") : null;
  if (wh === undefined || sent !== wh)
    throw new AppError(
      "dispute-no-such-figures",
      `dispute ${id}: the home's figure is ${wh ?? "none"} Wh, the slots that it sent last give ${sent ?? "none"}; ` +
        "a record needs slots that give the figure",
    );
}

async function whOf(
  store: Pick<AggregatorStore, "slots">,
  site: string,
  { kind, start, end }: Pick<RecordWire, "kind" | "start" | "end">,
  counts: "first" | "last",
): Promise<number | null> {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const register: "import" | "export" = kind === "export" ? "export" : "import";
  const evidence = evidenceOf({ kind: register, startMs, endMs }, await store.slots(site, register, startMs, endMs), counts);
  return evidence ? evidence.slots.reduce((sum, { wh }) => sum + wh, 0) : null;
}
