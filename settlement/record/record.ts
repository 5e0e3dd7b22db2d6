import { keccak256 } from "ethers/crypto";
import { AppError } from "../../core/app-error.ts";
import { recordKinds, type RecordWire } from "../../core/message/settlement-message.ts";
import { domainSeparator, type SettlementDomain } from "./domain.ts";
import { recoverSigner, signTyped, type TypedDataSigner, type TypedFields, typeHash } from "./signature.ts";
import { wordWriter } from "./word-bytes.ts";

/** 32 zero bytes: `prev` of a pair's first record, and `prices` where no price series applies. */
export const zeroHash = `0x${"0".repeat(64)}`;

const bodyTypes: TypedFields = {
  Body: [
    { name: "salt", type: "bytes32" },
    { name: "kind", type: "uint8" },
    { name: "payer", type: "address" },
    { name: "time", type: "uint64" },
    { name: "wh", type: "int64" },
    { name: "amount", type: "uint128" },
    { name: "prices", type: "bytes32" },
    { name: "agreement", type: "bytes32" },
    { name: "ref", type: "bytes32" },
    { name: "prev", type: "bytes32" },
  ],
};

const recordTypes: TypedFields = {
  Record: [
    { name: "a", type: "address" },
    { name: "b", type: "address" },
    { name: "seq", type: "uint64" },
    { name: "start", type: "uint64" },
    { name: "end", type: "uint64" },
    { name: "cumA", type: "uint128" },
    { name: "cumB", type: "uint128" },
    { name: "body", type: "Body" },
  ],
  ...bodyTypes,
};
const bodyTypeHash = typeHash("Body", bodyTypes);
const recordTypeHash = typeHash("Record", recordTypes);

/** A record without its body, as the contract takes it. */
export interface Head {
  a: string;
  b: string;
  seq: number;
  /** Unix seconds. */
  start: number;
  end: number;
  /** Micro-units. */
  cumA: bigint;
  cumB: bigint;
  bodyHash: string;
}

/**
 * What both sides sign, in lower-case hex: the EIP-712 digest. All fields have a fixed size, so each struct is its type's hash
 * and one word a field. A general encoder takes five times as long, and an auditor hashes every record of every day.
 * @throws AppError settlement-bad-record where a field cannot be written in the signed form
 */
export function recordDigest(domain: SettlementDomain, record: RecordWire): string {
  return headDigest(domain, recordHead(record));
}

/** The same of a record without its body. @throws AppError settlement-bad-record */
export function headDigest(domain: SettlementDomain, head: Head): string {
  const { a, b, seq, start, end, cumA, cumB } = head;
  const struct = wordWriter(9)
    .hex(recordTypeHash)
    .hex(a)
    .hex(b)
    .integer(seq)
    .integer(start)
    .integer(end)
    .integer(cumA)
    .integer(cumB)
    .hex(head.bodyHash);
  const signed = wordWriter(3).hex("0x1901").hex(domainSeparator(domain)).hex(keccak256(struct.bytes()));
  // Two bytes stand before the two words; the first word is there only to be cut off.
  return keccak256(signed.bytes().subarray(30));
}

/** EIP-712 hashStruct of the record's body. @throws AppError settlement-bad-record */
export function bodyHash(record: RecordWire): string {
  const { salt, kind, payer, time, wh, amount: owed, prices, agreement, ref, prev } = bodyStruct(record);
  const struct = wordWriter(11)
    .hex(bodyTypeHash)
    .hex(salt)
    .integer(kind)
    .hex(payer)
    .integer(time)
    .integer(wh)
    .integer(owed)
    .hex(prices)
    .hex(agreement)
    .hex(ref)
    .hex(prev);
  return keccak256(struct.bytes());
}

/** The part of a record that the contract sees. @throws AppError settlement-bad-record */
export function recordHead(record: RecordWire): Head {
  const { body: _, ...head } = recordStruct(record);
  return { ...head, bodyHash: bodyHash(record) };
}

/** Signs a record with a party's signer key. */
export function signRecord(wallet: TypedDataSigner, domain: SettlementDomain, record: RecordWire): Promise<string> {
  return signTyped(wallet, domain, recordTypes, recordStruct(record));
}

/** Address, lower case, of the key under a record. @throws AppError settlement-bad-signature, settlement-bad-record */
export function signerOf(domain: SettlementDomain, record: RecordWire, signature: string): string {
  return recoverSigner(recordDigest(domain, record), signature);
}

function recordStruct(record: RecordWire) {
  const { a, b, seq } = record;
  if (a >= b) throw badRecord("a", `a must be the lower address, but ${a} is not below ${b}`);
  const [start, end] = [unixSeconds("start", record.start), unixSeconds("end", record.end)];
  if (start >= end) throw badRecord("end", `end ${record.end} must be after start ${record.start}`);
  return {
    a,
    b,
    seq,
    start,
    end,
    cumA: amount("cumA", record.cumA),
    cumB: amount("cumB", record.cumB),
    body: bodyStruct(record),
  };
}

function bodyStruct(record: RecordWire) {
  const { salt, payer, wh, prices, agreement, ref, prev } = record;
  if (payer !== record.a && payer !== record.b) throw badRecord("payer", `payer ${payer} is neither a nor b`);
  if (wh < 0 && record.kind !== "correction") throw badRecord("wh", `wh ${wh} is negative; only corrections may be`);
  return {
    salt,
    kind: recordKinds.indexOf(record.kind),
    payer,
    time: unixSeconds("time", record.time),
    wh,
    amount: amount("amount", record.amount),
    prices,
    agreement,
    ref,
    prev,
  };
}

/** Signed are whole seconds; a fraction would be lost unnoticed. */
function unixSeconds(field: string, instant: string): number {
  const seconds = Date.parse(instant) / 1000;
  if (/\.\d*[1-9]/.test(instant) || !Number.isSafeInteger(seconds) || seconds < 0)
    throw badRecord(field, `${instant} is not a whole second since 1970`);
  return seconds;
}

/** Signed are non-negative integers; "007" and "-0" would be read as another text's value. */
function amount(field: string, text: string): bigint {
  if (!/^(0|[1-9]\d{0,29})$/.test(text)) throw badRecord(field, `"${text}" is not micro-units from 0, without leading zeros`);
  return BigInt(text);
}

function badRecord(field: string, message: string): AppError {
  return new AppError("settlement-bad-record", `record field ${field}: ${message}`);
}
