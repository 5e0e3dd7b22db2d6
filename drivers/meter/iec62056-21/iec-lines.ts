import { latin1 } from "../ascii.ts";
import { valuesAt } from "../dsmr/p1-objects.ts";
import { obisCode, type ObisObject } from "../obis.ts";

/** One object of a readout, and where it stands. */
export interface IecLine {
  /** A and B of the OBIS code A-B:C.D.E as A * 256 + B; where the meter leaves them out 1-0, and 0-0 for its own affairs. */
  group: number;
  /** C, D and E as C * 65536 + D * 256 + E; E is 0 where the meter leaves it out. */
  code: number;
  /** "*01", "&01" and so on for a value of a past billing period; empty for the current one. */
  history: string;
  /** Offset of the first "(". */
  start: number;
  /** Offset behind the last ")". */
  end: number;
}

/** What a readout says. */
export interface IecLines {
  lines: IecLine[];
  /** Lines, or ends of lines, that are no objects, as sent. */
  badLines: string[];
}

/** Letters that stand for a number in a short code. @see IEC 62056-61, Annex A */
const letters: Record<string, number> = { C: 96, F: 97, L: 98, P: 99 };
/** Groups C from here on are no electricity but the meter's own affairs. */
const ownAffairs = 96;
const mostNumber = 255;
const current = "*255";

const object =
  /(?:(\d{1,3})-(\d{1,3}):)?(\d{1,3}|[CFLP])\.(\d{1,3}|[CFLP])(?:\.(\d{1,3}|[CFLP]))?([*&.]\d{1,3})?((?:\([^()\r\n]*\))+)/y;
const furtherValues = /(?:\([^()\r\n]*\))+/y;

/**
 * Takes a readout apart. Codes come whole (1-0:1.8.0*255), without medium and channel (1.8.0), or shorter still (32.7);
 * several may stand in one line, a line that begins with "(" goes on with the object before it, and "!" ends the readout.
 */
export function iecLines(bytes: Uint8Array): IecLines {
  const text = latin1(bytes);
  const lines: IecLine[] = [];
  const badLines: string[] = [];
  for (const found of text.matchAll(/[^\r\n]+/g)) {
    if (found[0].trim() === "!") break;
    const lineEnd = found.index + found[0].length;
    let at = found.index;
    for (;;) {
      while (text[at] === " " || text[at] === "\0") at++;
      if (at >= lineEnd) break;
      const before = lines.at(-1);
      furtherValues.lastIndex = at;
      const further = at === found.index && before ? furtherValues.exec(text) : null;
      const line = further ? undefined : lineAt(text, at);
      if (further && before) at = before.end = at + further[0].length;
      else if (line) {
        lines.push(line);
        at = line.end;
      } else {
        badLines.push(text.slice(at, lineEnd).trim());
        break;
      }
    }
  }
  return { lines, badLines };
}

function lineAt(text: string, at: number): IecLine | undefined {
  object.lastIndex = at;
  const found = object.exec(text);
  if (!found) return undefined;
  const [whole, a, b, c = "", d = "", e = "0", sixth = "", values = ""] = found;
  const [high, middle, low] = [number(c), number(d), number(e)];
  if (Math.max(high, middle, low, Number(a ?? 0), Number(b ?? 0)) > mostNumber) return undefined;
  const medium = high >= ownAffairs ? 0 : 1;
  return {
    group: a === undefined ? medium * 256 : Number(a) * 256 + Number(b),
    code: high * 65_536 + middle * 256 + low,
    history: sixth === current || sixth.startsWith(".") ? "" : sixth,
    start: at + whole.length - values.length,
    end: at + whole.length,
  };
}

const number = (part: string): number => letters[part] ?? Number(part);

/** An object as text. The code of a past period keeps its mark behind it: "1-0:1.8.0*01". */
export function iecObject(bytes: Uint8Array, { group, code, history, start, end }: IecLine): ObisObject {
  return { code: `${obisCode(group, code)}${history}`, values: valuesAt(bytes, start, end) };
}
