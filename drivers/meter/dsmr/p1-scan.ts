/** Told of each object line of a telegram, in order. */
export interface P1Visitor {
  /**
   * @param group A and B of the OBIS code A-B:C.D.E as A * 256 + B
   * @param code C, D and E as C * 65536 + D * 256 + E, so that 1.8.0 reads 0x01_08_00
   * @param start offset of the first "("
   * @param end offset behind the last ")"; a continued line may have a line end in between
   */
  line(group: number, code: number, start: number, end: number): void;
  /** A line that is no object: bytes[start, end). It never costs the rest of the telegram. */
  badLine(start: number, end: number): void;
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

/**
 * Goes through a P1 telegram line by line. A line that begins with "(" goes on with the object before it
 * (gas in DSMR 2.2 and 3). Codes may carry a sixth part (".255" or "*255"), which is left out.
 * It keeps nothing: at one telegram a second for years, objects nobody asks for are most of the work.
 * @returns offset of the end of the identification line
 */
export function scanP1(bytes: Uint8Array, visitor: P1Visitor): number {
  const length = bytes.length;
  const identEnd = lineEnd(bytes, 0);
  let at = identEnd;
  // The object that a next line may still go on with.
  let lastGroup = -1;
  let lastCode = 0;
  let lastStart = 0;
  let lastEnd = 0;
  for (;;) {
    while (at < length && (bytes[at] === cr || bytes[at] === lf || bytes[at] === space)) at++;
    const start = at;
    const first = bytes[at];
    let group = 0;
    let code = 0;
    let part = 0;
    if (first !== open) {
      if (lastGroup >= 0) visitor.line(lastGroup, lastCode, lastStart, lastEnd);
      lastGroup = -1;
      if (first === undefined || first === bang) return identEnd;
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
      lastGroup = group;
      lastCode = code;
      lastStart = valuesAt;
      lastEnd = end;
    } else if (whole && part === 0 && lastGroup >= 0) lastEnd = end;
    else {
      if (lastGroup >= 0) visitor.line(lastGroup, lastCode, lastStart, lastEnd);
      lastGroup = -1;
      at = lineEnd(bytes, start);
      visitor.badLine(start, at);
    }
  }
}

function lineEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== cr && bytes[at] !== lf) at++;
  return at;
}

/** Offset behind "(...)(...)" at `from`; `from` itself where no such thing stands there. */
function valuesEnd(bytes: Uint8Array, from: number): number {
  let end = from;
  for (let at = from; bytes[at] === open;) {
    at++;
    for (;;) {
      const byte = bytes[at++];
      if (byte === close) break;
      // Digits, letters and "*" stand behind ")" in ASCII: one comparison for what is nearly always there.
      if (byte !== undefined && byte > close) continue;
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
