import type { Reading } from "../../core/reading.ts";
import type { LedgerState, SlotTotal } from "../collect/slot-ledger.ts";
import type { Db } from "./open-database.ts";

/** A reading with the instant it is booked at. */
export interface Sample {
  atMs: number;
  reading: Reading;
}

/** Readings, ledgers and slot totals. Energy in Wh, instants in ms. */
export interface MeterStore {
  addSamples(samples: readonly Sample[]): void;
  ledger(meter: string): LedgerState | null;
  saveLedger(meter: string, state: LedgerState): void;
  /** Gives those that were new: after a clock was set back a slot may come a second time, and the first one counts. */
  addSlots(slots: readonly SlotTotal[]): SlotTotal[];
  /** Slots of a meter that start in [from, to), oldest first. */
  slots(meter: string, register: "import" | "export", fromMs: number, toMs: number): SlotTotal[];
  /** Keeps the newest 100 frames of each meter, so that one noisy line hides no other. */
  addRejected(frame: { meter: string; atMs: number; code: string; message: string; bytes: Uint8Array }): void;
  sampleCount(): number;
}

interface SlotRow {
  meter: string;
  register: "import" | "export";
  start_ms: number;
  end_ms: number;
  wh: number;
  quality: SlotTotal["quality"];
  clock_synced: number;
}

/** These in the agent's database. */
export function meterStore(db: Db): MeterStore {
  const addSample = db.prepare("insert or ignore into sample values (?, ?, ?, ?, ?, ?, ?, ?)");
  const getLedger = db.prepare<[string], { state: string }>("select state from ledger where meter = ?");
  const putLedger = db.prepare("insert into ledger values (?, ?) on conflict (meter) do update set state = excluded.state");
  const addSlot = db.prepare("insert or ignore into slot values (?, ?, ?, ?, ?, ?, ?)");
  const getSlots = db.prepare<[string, string, number, number], SlotRow>(
    "select * from slot where meter = ? and register = ? and start_ms >= ? and start_ms < ? order by start_ms",
  );
  const addFrame = db.prepare("insert into rejected_frame (meter, at_ms, code, message, bytes) values (?, ?, ?, ?, ?)");
  const thinFrames = db.prepare(
    `delete from rejected_frame where meter = ?
     and id <= (select id from rejected_frame where meter = ? order by id desc limit 1 offset 100)`,
  );
  const count = db.prepare<[], { n: number }>("select count(*) as n from sample");
  const flag = (value: boolean): number => (value ? 1 : 0);
  return {
    addSamples(samples) {
      for (const { atMs, reading: r } of samples)
        addSample.run(r.meter, atMs, r.receivedMs, r.powerW, r.importWh, r.exportWh, r.quality, flag(r.clockSynced));
    },
    ledger(meter) {
      const row = getLedger.get(meter);
      return row ? (JSON.parse(row.state) as LedgerState) : null;
    },
    saveLedger: (meter, state) => void putLedger.run(meter, JSON.stringify(state)),
    addSlots: (slots) =>
      slots.filter((s) => addSlot.run(s.meter, s.register, s.startMs, s.endMs, s.wh, s.quality, flag(s.clockSynced)).changes > 0),
    slots: (meter, register, fromMs, toMs) =>
      getSlots.all(meter, register, fromMs, toMs).map((row) => ({
        meter: row.meter,
        register: row.register,
        startMs: row.start_ms,
        endMs: row.end_ms,
        wh: row.wh,
        quality: row.quality,
        clockSynced: row.clock_synced === 1,
      })),
    addRejected(frame) {
      addFrame.run(frame.meter, frame.atMs, frame.code, frame.message, frame.bytes);
      thinFrames.run(frame.meter, frame.meter);
    },
    sampleCount: () => count.get()?.n ?? 0,
  };
}
