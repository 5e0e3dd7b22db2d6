import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ExportRow } from "../../core/export-row.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { ApplianceSlot } from "../savings/close-baselines.ts";
import { linesOf } from "./read-savings.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/** What of an agent's database can be handed on. */
export const exportKinds = ["readings", "slots", "settlements", "savings"] as const;
export type ExportKind = (typeof exportKinds)[number];

/** Columns in their order, also where there is no row. */
export const exportColumns: Record<ExportKind, readonly string[]> = {
  readings: ["at", "meter", "powerW", "importWh", "exportWh", "quality", "clockSynced", "receivedAt"],
  slots: ["start", "end", "meter", "register", "energyWh", "quality", "clockSynced"],
  settlements: [
    "seq",
    "kind",
    "start",
    "end",
    "register",
    "energyWh",
    "amountMicro",
    "payer",
    "a",
    "b",
    "cumulativeAMicro",
    "cumulativeBMicro",
    "prices",
    "agreement",
    "digest",
    "ownSignature",
    "otherSignature",
  ],
  savings: [
    "kind",
    "start",
    "end",
    "importMicroPerKwh",
    "exportMicroPerKwh",
    "pricedBy",
    "importWh",
    "exportWh",
    "pvWh",
    "appliancesWh",
    "baselineWh",
    "baselineMicro",
    "actualMicro",
    "shiftingMicro",
    "flexibilityMicro",
    "ownSolarMicro",
    "feesMicro",
    "missing",
    "estimated",
    "reason",
  ],
};

/**
 * Rows whose instant, or whose start, is in [from, to), oldest first; the agent may be running.
 * @param zone IANA zone of the site: savings value a battery's fill by its days
 * @throws AppError store-unusable, store-damaged
 */
export function* exportRows(
  file: string,
  kind: ExportKind,
  { fromMs, toMs, zone }: { fromMs: number; toMs: number; zone: string },
): Generator<ExportRow> {
  if (!existsSync(file)) throw new AppError("store-unusable", `no database ${file}; has the agent ever run?`);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    yield* rows[kind](db, fromMs, toMs, zone);
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  } finally {
    db?.close();
  }
}

type Read = (db: Database.Database, fromMs: number, toMs: number, zone: string) => Generator<ExportRow>;

interface SampleRow {
  at_ms: number;
  received_ms: number;
  meter: string;
  power_w: number | null;
  import_wh: number | null;
  export_wh: number | null;
  quality: string;
  clock_synced: number;
}

interface SlotRow {
  start_ms: number;
  end_ms: number;
  meter: string;
  register: string;
  wh: number;
  quality: string;
  clock_synced: number;
}

interface RecordRow {
  digest: string;
  body: string;
  evidence: string;
  own_signature: string | null;
  other_signature: string | null;
}

const rows: Record<ExportKind, Read> = {
  *readings(db, fromMs, toMs) {
    const found = db.prepare<[number, number], SampleRow>("select * from sample where at_ms >= ? and at_ms < ? order by at_ms");
    for (const row of found.iterate(fromMs, toMs))
      yield {
        at: iso(row.at_ms),
        meter: row.meter,
        powerW: row.power_w,
        importWh: row.import_wh,
        exportWh: row.export_wh,
        quality: row.quality,
        clockSynced: row.clock_synced === 1,
        receivedAt: iso(row.received_ms),
      };
  },
  *slots(db, fromMs, toMs) {
    const found = db.prepare<[number, number], SlotRow>(
      "select * from slot where start_ms >= ? and start_ms < ? order by start_ms, meter, register",
    );
    for (const row of found.iterate(fromMs, toMs))
      yield {
        start: iso(row.start_ms),
        end: iso(row.end_ms),
        meter: row.meter,
        register: row.register,
        energyWh: row.wh,
        quality: row.quality,
        clockSynced: row.clock_synced === 1,
      };
  },
  *settlements(db, fromMs, toMs) {
    const found = db.prepare<[string, string], RecordRow>(
      "select * from record where body ->> 'start' >= ? and body ->> 'start' < ? order by pair, seq",
    );
    for (const row of found.iterate(iso(fromMs), iso(toMs))) {
      const record = JSON.parse(row.body) as RecordWire;
      yield {
        seq: record.seq,
        kind: record.kind,
        start: record.start,
        end: record.end,
        register: (JSON.parse(row.evidence) as Evidence).register,
        energyWh: record.wh,
        amountMicro: record.amount,
        payer: record.payer,
        a: record.a,
        b: record.b,
        cumulativeAMicro: record.cumA,
        cumulativeBMicro: record.cumB,
        prices: record.prices,
        agreement: record.agreement,
        digest: row.digest,
        ownSignature: row.own_signature,
        otherSignature: row.other_signature,
      };
    }
  },
  *savings(db, fromMs, toMs, zone) {
    for (const line of linesOf(db, db.name, { fromMs, toMs, zone })) {
      const { slot } = line;
      const text = (micro: bigint | null | undefined): string | null =>
        micro === null || micro === undefined ? null : `${micro}`;
      yield {
        kind: line.kind,
        start: iso(line.startMs),
        end: iso(line.endMs),
        importMicroPerKwh: text(slot?.importMicro),
        exportMicroPerKwh: text(slot?.exportMicro),
        pricedBy: slot?.pricedBy ?? null,
        importWh: slot?.importWh ?? null,
        exportWh: slot?.exportWh ?? null,
        pvWh: slot?.pvWh ?? null,
        appliancesWh: slot && byAppliance(slot.appliances, "actualWh"),
        baselineWh: slot && byAppliance(slot.appliances, "baselineWh"),
        baselineMicro: text(line.baselineMicro),
        actualMicro: text(line.actualMicro),
        shiftingMicro: text(line.shiftingMicro),
        flexibilityMicro: text(line.flexibilityMicro),
        ownSolarMicro: text(line.ownSolarMicro),
        feesMicro: text(line.feesMicro),
        missing: line.missing,
        estimated: line.estimated,
        reason: line.reason,
      };
    }
  },
};

/** "boiler=500 car=" : an appliance without a figure has none here. */
const byAppliance = (slots: readonly ApplianceSlot[], which: "actualWh" | "baselineWh"): string =>
  slots.map((one) => `${one.resource}=${one[which] ?? ""}`).join(" ");
