import { iso } from "../../core/clock/clock.ts";

/** What a fleet did since the line before. */
export interface FleetLine {
  kind: "ready" | "minute" | "end";
  at: string;
  homes: number;
  connected: number;
  /** Rows that wait for a receipt, of all homes. */
  waiting: number;
  /** Messages up, and of those the ones with rows. */
  sent: number;
  meterMessages: number;
  rowsReceipted: number;
  /** From a message with rows to its receipt, ms; null where none came. */
  receiptMs: { half: number; most: number } | null;
  instructions: number;
  /** When the newest of them was verified and accepted; null where none was. */
  lastInstruction: string | null;
  heartbeats: number;
  /** Messages that were not believed, by code. */
  refused: Record<string, number>;
}

/** Counts for one line after the other. */
export function fleetFigures() {
  let sent = 0;
  let meterMessages = 0;
  let rowsReceipted = 0;
  let instructions = 0;
  let lastInstruction: string | null = null;
  let heartbeats = 0;
  let refused: Record<string, number> = {};
  let tookMs: number[] = [];
  return {
    sent(rest: string): void {
      sent++;
      if (rest === "meter") meterMessages++;
    },
    events: {
      onReceipt(rows: number, ms: number): void {
        rowsReceipted += rows;
        tookMs.push(ms);
      },
      onInstruction(): void {
        instructions++;
        lastInstruction = iso(Date.now());
      },
      onHeartbeat: (): void => void heartbeats++,
      onRefused: (code: string): void => void (refused[code] = (refused[code] ?? 0) + 1),
    },
    /** The figures since the last line; they begin anew. */
    line(now: Pick<FleetLine, "homes" | "connected" | "waiting" | "at">): FleetLine {
      const sorted = tookMs.toSorted((one, other) => one - other);
      const most = sorted.at(-1);
      const line: FleetLine = {
        kind: "minute",
        ...now,
        sent,
        meterMessages,
        rowsReceipted,
        receiptMs: most === undefined ? null : { half: sorted[Math.floor((sorted.length - 1) / 2)] ?? most, most },
        instructions,
        lastInstruction,
        heartbeats,
        refused,
      };
      [sent, meterMessages, rowsReceipted, instructions, heartbeats] = [0, 0, 0, 0, 0];
      lastInstruction = null;
      refused = {};
      tookMs = [];
      return line;
    },
  };
}
