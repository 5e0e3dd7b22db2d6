import type { ObisObject, ObisValue } from "../obis.ts";

/** One object line of a telegram: its code, and where its values stand. */
export interface P1Line {
  /** A and B of the OBIS code A-B:C.D.E as A * 256 + B. */
  group: number;
  /** C, D and E as C * 65536 + D * 256 + E, so that 1.8.0 reads 0x01_08_00. */
  code: number;
  /** Offset of the first "(". */
  start: number;
  /** Offset behind the last ")"; a continued line may have a line end in between. */
  end: number;
}

/** A telegram taken apart; values are read from the bytes only where they are asked for. */
export interface P1Telegram {
  bytes: Uint8Array;
  /** The line after "/", such as "ISK5\2M550E-1012". */
  ident: string;
  lines: P1Line[];
  /** Lines that are no objects, as sent; they never cost the rest of the telegram. */
  badLines: string[];
}

const cr = 0x0d;
const lf = 0x0a;
const open = 0x28;
const close = 0x29;
const star = 0x2a;
const dash = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const space = 0x20;
const bang = 0x21;

/** What stands behind the first, second ... number of a code A-B:C.D.E; the last is followed by "(" or a sixth part. */
const separators = [dash, colon, dot, dot];

/** Bytes as text, one character each; what a 7-bit line makes of them. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1", start, end);
}

/**
 * Takes a P1 telegram apart into lines. A line that begins with "(" goes on with the object before it
 * (gas in DSMR 2.2 and 3). Codes may carry a sixth part (".255" or "*255"), which is left out.
 */
export function parseP1(bytes: Uint8Array): P1Telegram {
  const lines: P1Line[] = [];
  const badLines: string[] = [];
  const length = bytes.length;
  const lineEnd = (from: number): number => {
    let at = from;
    while (at < length && bytes[at] !== cr && bytes[at] !== lf) at++;
    return at;
  };
  let at = lineEnd(0);
  const ident = latin1(bytes, bytes[0] === 0x2f ? 1 : 0, at).trim();
  let last: P1Line | undefined;
  for (;;) {
    while (at < length && (bytes[at] === cr || bytes[at] === lf || bytes[at] === space)) at++;
    if (at >= length || bytes[at] === bang) return { bytes, ident, lines, badLines };
    const start = at;
    let group = 0;
    let code = 0;
    let part = 0;
    if (bytes[at] !== open) {
      for (; part < 5; part++) {
        const from = at;
        let number = 0;
        for (let digit = (bytes[at] ?? 0) - 0x30; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - 0x30)
          number = number * 10 + digit;
        if (at === from || number > 255) break;
        if (part < 2) group = group * 256 + number;
        else code = code * 256 + number;
        if (part < 4 && bytes[at++] !== separators[part]) break;
      }
      if (part === 5 && (bytes[at] === dot || bytes[at] === star)) {
        at++;
        while ((bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at++;
      }
    }
    const valuesAt = at;
    at = valuesEnd(bytes, at);
    const end = at;
    while (bytes[at] === space) at++;
    const whole = end > valuesAt && (at >= length || bytes[at] === cr || bytes[at] === lf);
    if (whole && part === 5) {
      last = { group, code, start: valuesAt, end };
      lines.push(last);
    } else if (whole && part === 0 && last) last.end = end;
    else {
      at = lineEnd(start);
      badLines.push(latin1(bytes, start, at).trim());
      last = undefined;
    }
  }
}

/** Offset behind "(...)(...)" at `from`; `from` itself where no such thing stands there. */
function valuesEnd(bytes: Uint8Array, from: number): number {
  let end = from;
  for (let at = from; bytes[at] === open;) {
    at++;
    for (;;) {
      const byte = bytes[at++];
      if (byte === close) break;
      if (byte === undefined || byte === open || byte === cr || byte === lf) return end;
    }
    end = at;
  }
  return end;
}

/** Offset behind the next "(" from `at`, which is where the next value begins; past the line's end where there is none. */
export function nextValue(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== open) at++;
  return at + 1;
}

/** Values of a line, as sent. */
export function valuesOf({ bytes }: P1Telegram, line: P1Line): ObisValue[] {
  return latin1(bytes, line.start + 1, line.end - 1)
    .split(/\)[\r\n]*\(/)
    .map((value) => {
      const at = value.lastIndexOf("*");
      return at < 0 ? { text: value, unit: null } : { text: value.slice(0, at), unit: value.slice(at + 1) };
    });
}

/** Code of a line as A-B:C.D.E. */
export function codeOf({ group, code }: P1Line): string {
  return `${group >>> 8}-${group & 255}:${code >>> 16}.${(code >>> 8) & 255}.${code & 255}`;
}

/** All objects of a telegram in order; a code that comes twice is there twice. */
export function p1Objects(telegram: P1Telegram): ObisObject[] {
  return telegram.lines.map((line) => ({ code: codeOf(line), values: valuesOf(telegram, line) }));
}
