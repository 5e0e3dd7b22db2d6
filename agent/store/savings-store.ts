import type Database from "better-sqlite3";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ApplianceSlot } from "../savings/close-baselines.ts";
import type { Payment, SavingsSlot } from "../savings/savings-ledger.ts";

/** What savings are reckoned from. Kept as long as slots are: never dropped, never thinned. */
export interface SavingsStore {
  /** End of the newest slot that is kept, ms; null where there is none. */
  keptUntil(): number | null;
  /** Keeps a slot as it is now; what is there already stays. */
  add(slot: SavingsSlot): void;
  /** Slots of an appliance that are not final, oldest first. */
  open(resource: string): ApplianceSlot[];
  /** Makes open slots final, or gives them their span. What is final stays as it is. */
  close(slots: readonly ApplianceSlot[]): void;
  /** Slots that start in [from, to), oldest first. */
  slots(fromMs: number, toMs: number): SavingsSlot[];
  /** Rewards and fees of records with both signatures whose service starts in [from, to). */
  payments(fromMs: number, toMs: number): Payment[];
}

interface SlotRow {
  start_ms: number;
  end_ms: number;
  import_micro: string | null;
  export_micro: string | null;
  priced_by: SavingsSlot["pricedBy"];
  import_wh: number | null;
  export_wh: number | null;
  pv_wh: number | null;
  estimated: number;
}

interface ApplianceRow {
  resource: string;
  start_ms: number;
  end_ms: number;
  actual_wh: number | null;
  held: number;
  fill_wh: number | null;
  baseline_wh: number | null;
  span_ms: number;
  state: ApplianceSlot["state"];
}

/** These in the agent's database, which may be open for reading only. */
export function savingsStore(db: Database.Database): SavingsStore {
  const last = db.prepare<[], { at: number | null }>("select max(end_ms) as at from savings_slot");
  const addSlot = db.prepare("insert or ignore into savings_slot values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const addOne = db.prepare("insert or ignore into savings_appliance values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const getOpen = db.prepare<[string], ApplianceRow>(
    "select * from savings_appliance where resource = ? and state = 'open' order by start_ms",
  );
  const close = db.prepare(
    "update savings_appliance set baseline_wh = ?, span_ms = ?, state = ? where resource = ? and start_ms = ? and state = 'open'",
  );
  const getSlots = db.prepare<[number, number], SlotRow>(
    "select * from savings_slot where start_ms >= ? and start_ms < ? order by start_ms",
  );
  const getOnes = db.prepare<[number, number], ApplianceRow>(
    "select * from savings_appliance where start_ms >= ? and start_ms < ? order by start_ms, resource",
  );
  const getPayments = db.prepare<[string, string], { body: string }>(
    `select body from record where body ->> 'kind' in ('reward', 'fee') and own_signature is not null
     and other_signature is not null and body ->> 'start' >= ? and body ->> 'start' < ? order by pair, seq`,
  );
  const text = (micro: bigint | null): string | null => (micro === null ? null : String(micro));
  return {
    keptUntil: () => last.get()?.at ?? null,
    add(slot) {
      const { startMs, endMs, importMicro, exportMicro, pricedBy, importWh, exportWh, pvWh, estimated } = slot;
      const prices = [text(importMicro), text(exportMicro), pricedBy];
      addSlot.run(startMs, endMs, ...prices, importWh, exportWh, pvWh, estimated ? 1 : 0);
      for (const one of slot.appliances)
        addOne.run(
          one.resource,
          startMs,
          endMs,
          one.actualWh,
          one.held ? 1 : 0,
          one.fillWh,
          one.baselineWh,
          one.spanMs,
          one.state,
        );
    },
    open: (resource) => getOpen.all(resource).map(applianceSlot),
    close(slots) {
      for (const { baselineWh, spanMs, state, resource, startMs } of slots)
        close.run(baselineWh, spanMs, state, resource, startMs);
    },
    slots(fromMs, toMs) {
      const ones = Map.groupBy(getOnes.all(fromMs, toMs).map(applianceSlot), ({ startMs }) => startMs);
      return getSlots.all(fromMs, toMs).map((row) => ({
        startMs: row.start_ms,
        endMs: row.end_ms,
        importMicro: row.import_micro === null ? null : BigInt(row.import_micro),
        exportMicro: row.export_micro === null ? null : BigInt(row.export_micro),
        pricedBy: row.priced_by,
        importWh: row.import_wh,
        exportWh: row.export_wh,
        pvWh: row.pv_wh,
        estimated: row.estimated === 1,
        appliances: ones.get(row.start_ms) ?? [],
      }));
    },
    payments: (fromMs, toMs) =>
      getPayments.all(iso(fromMs), iso(toMs)).map(({ body }) => {
        const { kind, start, end, amount } = JSON.parse(body) as RecordWire;
        return {
          kind: kind === "fee" ? kind : "reward",
          startMs: Date.parse(start),
          endMs: Date.parse(end),
          amountMicro: BigInt(amount),
        };
      }),
  };
}

const applianceSlot = (row: ApplianceRow): ApplianceSlot => ({
  resource: row.resource,
  startMs: row.start_ms,
  endMs: row.end_ms,
  actualWh: row.actual_wh,
  held: row.held === 1,
  fillWh: row.fill_wh,
  baselineWh: row.baseline_wh,
  spanMs: row.span_ms,
  state: row.state,
});
