import type { MeasurementItem, Measurements, Receipt } from "../../core/message/measurements.ts";

/** A row before it has its number. */
export type LightRow = MeasurementItem extends infer Item ? (Item extends { kind: "gap" } ? never : Omit<Item, "seq">) : never;

/** Rows that wait for their receipt, in memory: what an agent keeps on its disk. */
export interface LightOutbox {
  add(row: LightRow): void;
  /** The next message, where something waits and the window is open. */
  next(nowMs: number): Measurements | null;
  /** @returns how long its newest whole message had been under way, ms; null where it lets nothing go */
  receipt(receipt: Receipt, nowMs: number): number | null;
  /** What is under way counts as lost when no receipt came for a minute. */
  resendLate(nowMs: number): boolean;
  /** The connection is new: all that waits is sent again. */
  restart(): void;
  waiting(): number;
  added(): number;
}

const rowsOfMessage = 60;
const mostRowsUnderWay = 1200;
const resendMs = 60_000;

/** @param boot of this run */
export function lightOutbox(boot: string): LightOutbox {
  let rows: MeasurementItem[] = [];
  let added = 0;
  let receipted = 0;
  let sentUpTo = 0;
  let progressMs = 0;
  /** When messages under way were sent, by their last row. */
  let sent: { seq: number; atMs: number }[] = [];
  const restart = (): void => {
    sentUpTo = receipted;
    sent = [];
  };
  return {
    add: (row) => void rows.push({ ...row, seq: ++added }),
    next(nowMs) {
      if (sentUpTo - receipted >= mostRowsUnderWay) return null;
      const items = rows.slice(sentUpTo - receipted, sentUpTo - receipted + rowsOfMessage);
      const last = items.at(-1);
      if (!last) return null;
      if (sent.length === 0) progressMs = nowMs;
      sentUpTo = last.seq;
      sent.push({ seq: last.seq, atMs: nowMs });
      return { v: 1, boot, ...(receipted > 0 && { receipted }), items };
    },
    receipt(receipt, nowMs) {
      if (receipt.boot !== boot || receipt.seq <= receipted || receipt.seq > added) return null;
      rows = rows.slice(receipt.seq - receipted);
      receipted = receipt.seq;
      sentUpTo = Math.max(sentUpTo, receipted);
      progressMs = nowMs;
      // Where it is for a part of a message, that message counts.
      const newest = sent.findLast(({ seq }) => seq <= receipted) ?? sent[0];
      sent = sent.filter(({ seq }) => seq > receipted);
      return nowMs - (newest?.atMs ?? nowMs);
    },
    resendLate(nowMs) {
      if (sent.length === 0 || nowMs - progressMs < resendMs) return false;
      restart();
      return true;
    },
    restart,
    waiting: () => rows.length,
    added: () => added,
  };
}
