import { AppError } from "../../core/app-error.ts";
import { type ByteReader, byteReader, type ByteWriter, byteWriter } from "./byte-stream.ts";
import type { SettlementDomain } from "../record/domain.ts";
import { readRun, type LoggedRecord, runsOf, writeRun } from "./log-run.ts";

/**
 * What a party publishes of an epoch: only the leaves of its tree, or the records in full. The leaves are digests of records
 * and hashes of what else the epoch binds, such as price series.
 */
export type LogData =
  | { form: "digests"; leaves: readonly string[] }
  | { form: "records"; records: readonly LoggedRecord[]; others: readonly string[] };

/** The first byte of the data. */
const forms = { digests: 1, records: 2 } as const;

/**
 * The bytes of an epoch's data. Digests: form, number of leaves (4 bytes), leaves (32 each). Records: form, number of other
 * leaves, these, number of agreements (2), their hashes, number of price series (2), their hashes, number of runs (4), and
 * the runs: records of one pair whose numbers follow each other.
 * @throws AppError log-data-too-large for figures that the form has no room for
 */
export function encodeLogData(data: LogData): Uint8Array {
  const out = byteWriter();
  out.uint(forms[data.form], 1);
  writeHashes(out, data.form === "digests" ? data.leaves : data.others, 4);
  if (data.form === "digests") return out.take();
  const tables = {
    agreements: [...new Set(data.records.map(({ record }) => record.agreement))],
    prices: [...new Set(data.records.map(({ record }) => record.prices))],
  };
  writeHashes(out, tables.agreements, 2);
  writeHashes(out, tables.prices, 2);
  const runs = runsOf(data.records);
  out.uint(runs.length, 4);
  for (const run of runs) writeRun(out, run, tables);
  return out.take();
}

/**
 * The same read back. What the signatures and the chain of records say is not checked here.
 * @throws AppError log-data-malformed
 */
export function decodeLogData(domain: SettlementDomain, bytes: Uint8Array): LogData {
  const from = byteReader(bytes);
  const form = from.integer(1);
  if (form !== forms.digests && form !== forms.records)
    throw new AppError("log-data-malformed", `form ${form} of the log's data is not known; expected 1 (digests) or 2 (records)`);
  const leaves = readHashes(from, 4);
  if (form === forms.digests) return ended(from, { form: "digests", leaves });
  const tables = { agreements: readHashes(from, 2), prices: readHashes(from, 2) };
  const records: LoggedRecord[] = [];
  for (let run = from.integer(4); run > 0; run--) for (const one of readRun(from, domain, tables)) records.push(one);
  return ended(from, { form: "records", records, others: leaves });
}

/** All leaves of the epoch's tree. */
export function leavesOf(data: LogData): string[] {
  return data.form === "digests" ? [...data.leaves] : [...data.records.map(({ digest }) => digest), ...data.others];
}

function ended(from: ByteReader, data: LogData): LogData {
  if (from.left() > 0) throw new AppError("log-data-malformed", `${from.left()} bytes follow the end of the log's data`);
  return data;
}

function writeHashes(out: ByteWriter, hashes: readonly string[], countBytes: number): void {
  out.uint(hashes.length, countBytes);
  for (const hash of hashes) out.hex(hash);
}

function readHashes(from: ByteReader, countBytes: number): string[] {
  const count = from.integer(countBytes);
  // Checked before anything is made of a number that somebody else chose.
  if (count * 32 > from.left())
    throw new AppError("log-data-malformed", `${count} hashes are announced, ${from.left()} bytes are left`);
  return Array.from({ length: count }, () => from.hex(32));
}
