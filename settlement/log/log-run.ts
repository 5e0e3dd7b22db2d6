import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { recordKinds, type RecordWire } from "../../core/message/settlement-message.ts";
import type { ByteReader, ByteWriter } from "./byte-stream.ts";
import type { SettlementDomain } from "../record/domain.ts";
import { recordDigest } from "../record/record.ts";

/** A record as a party publishes it. A signature that is missing is "0x". */
export interface LoggedRecord {
  record: RecordWire;
  digest: string;
  signatureA: string;
  signatureB: string;
}

/** Records of one pair whose numbers follow each other. */
export type Run = readonly [LoggedRecord, ...LoggedRecord[]];

/** Hashes that records name by their place in these lists. */
export interface RunTables {
  agreements: readonly string[];
  prices: readonly string[];
}

const noSignature = `0x${"0".repeat(130)}`;
/** What a record takes at least. */
const recordBytes = 227;

/** Sorts records into runs, by pair and number. */
export function runsOf(records: readonly LoggedRecord[]): Run[] {
  const sorted = records.toSorted(({ record: one }, { record: other }) => {
    const [left, right] = [`${one.a}${one.b}`, `${other.a}${other.b}`];
    return left < right ? -1 : left > right ? 1 : one.seq - other.seq;
  });
  const runs: [LoggedRecord, ...LoggedRecord[]][] = [];
  for (const one of sorted) {
    const last = runs.at(-1)?.at(-1);
    if (last && follows(last, one)) runs.at(-1)?.push(one);
    else runs.push([one]);
  }
  return runs;
}

/**
 * Pair (20 bytes each), first number (8), digest of the record before (32), both totals before the first record (16 each) and
 * how many records follow (4). Of each record: kind and payer (1), start (5), length of the period (4) and time (5) in seconds,
 * energy (6, two's complement), amount (8), places of agreement and prices (2 each), salt and evidence hash (32 each), and both
 * signatures (65 each). Numbers, totals and digests of the others follow from these.
 * @throws AppError log-data-too-large
 */
export function writeRun(out: ByteWriter, run: Run, tables: RunTables): void {
  const [{ record: first }] = run;
  out.hex(first.a);
  out.hex(first.b);
  out.uint(first.seq, 8);
  out.hex(first.prev);
  const before = totalsBefore(first);
  out.uint(before.cumA, 16);
  out.uint(before.cumB, 16);
  out.uint(run.length, 4);
  for (const { record, signatureA, signatureB } of run) {
    const [startS, endS] = [Date.parse(record.start) / 1000, Date.parse(record.end) / 1000];
    out.uint(recordKinds.indexOf(record.kind) * 2 + (record.payer === record.b ? 1 : 0), 1);
    out.uint(startS, 5);
    out.uint(endS - startS, 4);
    out.uint(Date.parse(record.time) / 1000, 5);
    if (Math.abs(record.wh) >= 2 ** 47)
      throw new AppError("log-data-too-large", `${record.wh} Wh do not fit into 6 bytes of the log`);
    out.uint(BigInt.asUintN(48, BigInt(record.wh)), 6);
    out.uint(BigInt(record.amount), 8);
    out.uint(tables.agreements.indexOf(record.agreement), 2);
    out.uint(tables.prices.indexOf(record.prices), 2);
    out.hex(record.salt);
    out.hex(record.ref);
    out.hex(signatureA === "0x" ? noSignature : signatureA);
    out.hex(signatureB === "0x" ? noSignature : signatureB);
  }
}

/** @throws AppError log-data-malformed */
export function readRun(from: ByteReader, domain: SettlementDomain, tables: RunTables): LoggedRecord[] {
  const [a, b] = [from.hex(20), from.hex(20)];
  let seq = from.integer(8);
  let prev = from.hex(32);
  let [cumA, cumB] = [from.uint(16), from.uint(16)];
  const count = from.integer(4);
  if (count * recordBytes > from.left())
    throw new AppError("log-data-malformed", `${count} records are announced, ${from.left()} bytes are left`);
  return Array.from({ length: count }, () => {
    const kindAndPayer = from.integer(1);
    const kind = recordKinds[kindAndPayer >> 1];
    if (kind === undefined) throw new AppError("log-data-malformed", `kind ${kindAndPayer >> 1} of record ${seq} is not known`);
    const paidByB = kindAndPayer % 2 === 1;
    const startS = from.integer(5);
    const endS = startS + from.integer(4);
    const timeS = from.integer(5);
    const wh = Number(BigInt.asIntN(48, from.uint(6)));
    const amount = from.uint(8);
    const agreement = named(tables.agreements, from.integer(2), "agreement");
    const prices = named(tables.prices, from.integer(2), "price series");
    if (paidByB) cumB += amount;
    else cumA += amount;
    const record: RecordWire = {
      a,
      b,
      seq: seq++,
      start: instant(startS),
      end: instant(endS),
      cumA: String(cumA),
      cumB: String(cumB),
      salt: from.hex(32),
      kind,
      payer: paidByB ? b : a,
      time: instant(timeS),
      wh,
      amount: String(amount),
      prices,
      agreement,
      ref: from.hex(32),
      prev,
    };
    const [signatureA, signatureB] = [signature(from), signature(from)];
    prev = digestOf(domain, record);
    return { record, digest: prev, signatureA, signatureB };
  });
}

/** Whether the second is written by what it says beside the first: number, hash and totals follow. */
function follows({ record: last, digest }: LoggedRecord, { record }: LoggedRecord): boolean {
  const before = totalsBefore(record);
  const samePair = last.a === record.a && last.b === record.b;
  const totals = before.cumA === BigInt(last.cumA) && before.cumB === BigInt(last.cumB);
  return samePair && totals && last.seq + 1 === record.seq && record.prev === digest;
}

function totalsBefore({ payer, b, cumA, cumB, amount }: RecordWire): { cumA: bigint; cumB: bigint } {
  const paidByB = payer === b;
  return { cumA: BigInt(cumA) - (paidByB ? 0n : BigInt(amount)), cumB: BigInt(cumB) - (paidByB ? BigInt(amount) : 0n) };
}

function signature(from: ByteReader): string {
  const found = from.hex(65);
  return found === noSignature ? "0x" : found;
}

/** The last second that can be written as a date. */
const lastSecond = 253_402_300_799;

function instant(seconds: number): string {
  if (seconds > lastSecond) throw new AppError("log-data-malformed", `${seconds} s is after the year 9999`);
  return iso(seconds * 1000);
}

function digestOf(domain: SettlementDomain, record: RecordWire): string {
  try {
    return recordDigest(domain, record);
  } catch (cause) {
    throw new AppError("log-data-malformed", `record ${record.seq} between ${record.a} and ${record.b} cannot be hashed`, {
      cause,
    });
  }
}

function named(list: readonly string[], place: number, what: string): string {
  const hash = list[place];
  if (hash === undefined) throw new AppError("log-data-malformed", `there is no ${what} ${place} in the data`);
  return hash;
}
