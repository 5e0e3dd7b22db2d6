import type { ObisObject, ObisValue } from "../obis.ts";

/** A telegram in its parts; nothing is interpreted yet. */
export interface P1Telegram {
  /** The line after "/", such as "ISK5\2M550E-1012". */
  ident: string;
  objects: Map<string, ObisObject>;
  /** Lines that are no objects, as sent; they never cost the rest of the telegram. */
  badLines: string[];
}

const objectLine = /^(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})(?:[.*]\d{1,3})?((?:\([^()]*\))+)$/;
const valuesOnly = /^(?:\([^()]*\))+$/;

/**
 * Takes a P1 telegram apart into OBIS objects. A line that begins with "(" goes on with the object before it
 * (gas in DSMR 2.2 and 3). Codes may carry a sixth part (".255" or "*255"), which is left out.
 */
export function parseP1(bytes: Uint8Array): P1Telegram {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1")
    .split(/\r\n|\r|\n/);
  const objects = new Map<string, ObisObject>();
  const badLines: string[] = [];
  let last: ObisObject | undefined;
  for (const raw of lines.slice(1)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("!")) continue;
    const match = objectLine.exec(line);
    if (match?.[1] && match[2]) {
      last = { code: match[1], values: parseValues(match[2]) };
      if (!objects.has(last.code)) objects.set(last.code, last);
    } else if (last && valuesOnly.test(line)) last.values.push(...parseValues(line));
    else {
      badLines.push(line);
      last = undefined;
    }
  }
  return { ident: (lines[0] ?? "").replace(/^\//, "").trim(), objects, badLines };
}

function parseValues(text: string): ObisValue[] {
  return text
    .slice(1, -1)
    .split(")(")
    .map((value) => {
      const star = value.lastIndexOf("*");
      return star < 0 ? { text: value, unit: null } : { text: value.slice(0, star), unit: value.slice(star + 1) };
    });
}
