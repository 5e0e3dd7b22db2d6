import type { Reading } from "../../core/reading.ts";
import type { DlmsKeys } from "../meter/dlms/general-glo.ts";
import type { MeterZone } from "../meter/meter-zone.ts";

/** How a piece was read; SunSpec is Modbus here. */
export type DecodedFamily = "p1" | "han" | "iec62056-21" | "modbus";

/** One value as the meter sends it after scaling; text where it is no figure with a unit. */
export interface DecodedValue {
  value: number | string | boolean | null;
  unit: string | null;
}

/** One raw item of a DLMS list, in the order of the list. */
export interface DecodedListItem {
  /** Logical name with all six parts; absent in lists that only count positions. */
  obis?: string;
  /** Position in such a list, from 0. */
  pos?: number;
  /** Number, text, true or false; octet strings as hex. */
  raw: number | string | boolean | null;
  /** Power of ten and unit, where they are in the list. */
  scaler?: number;
  unit?: string;
  value?: number;
}

/** What was found in a piece of a meter's bytes: a telegram or frame, or why it is none. One line of `smart-mla decode`. */
export interface Decoded {
  family: DecodedFamily;
  /** How the meter names itself; null where it does not. */
  meter: string | null;
  /** State of CRC or FCS, the inner one where the telegram is encrypted. */
  integrity: "valid" | "invalid" | "absent";
  encryption: "none" | "verified" | "decrypted-unverified" | "key-missing" | "failed";
  /** The meter's own time, ISO 8601 UTC. */
  time: string | null;
  /** By OBIS code A-B:C.D.E; several values of one code as an array. */
  objects: Record<string, DecodedValue | DecodedValue[]>;
  /** HAN only. */
  list?: DecodedListItem[];
  /** Null where nothing measured is in it. */
  reading: Reading | null;
  /** Present where the piece is not to be believed. */
  error?: { code: string; message: string; offset: number };
}

/** What decoding needs besides the bytes. */
export interface DecodeContext {
  keys?: DlmsKeys | undefined;
  zone: MeterZone;
  /** Stamp of readings, ms since 1970. */
  receivedMs: number;
}

/** Decodes a stream piece by piece: what it finds it emits at once, and keeps nothing of it. */
export interface StreamDecoder {
  push(bytes: Uint8Array): void;
  /** No more bytes come. */
  end(): void;
}

/** A line for a piece that could not be believed. */
export function undecoded(
  family: DecodedFamily,
  error: { code: string; message: string; offset: number },
  state: Partial<Pick<Decoded, "integrity" | "encryption" | "meter">> = {},
): Decoded {
  return {
    family,
    meter: state.meter ?? null,
    integrity: state.integrity ?? "invalid",
    encryption: state.encryption ?? "none",
    time: null,
    objects: {},
    reading: null,
    error,
  };
}

/** State of the cipher by the code of the error that it caused. */
export function encryptionOfError(code: string): Decoded["encryption"] {
  if (code === "dlms-key-missing") return "key-missing";
  return code.startsWith("dlms-") ? "failed" : "none";
}

/** Adds a value to objects; a code that comes again becomes an array. */
export function addValues(objects: Decoded["objects"], code: string, values: DecodedValue[]): void {
  const before = objects[code];
  const all = before === undefined ? values : [...(Array.isArray(before) ? before : [before]), ...values];
  const [only] = all;
  objects[code] = all.length === 1 && only ? only : all;
}

/** ISO 8601 without milliseconds; null stays null. */
export function isoSeconds(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().replace(/\.000Z$/, "Z");
}
