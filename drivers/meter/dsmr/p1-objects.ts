import { latin1 } from "../ascii.ts";
import { obisCode, type ObisObject, type ObisValue } from "../obis.ts";
import { scanP1 } from "./p1-scan.ts";

/** A telegram as text, for people and tests; readings are taken from its bytes. */
export interface P1Telegram {
  /** The line after "/", such as "ISK5\2M550E-1012". */
  ident: string;
  /** In order; a code that comes twice is there twice. */
  objects: ObisObject[];
  /** Lines that are no objects, as sent. */
  badLines: string[];
}

/** All that stands in a P1 telegram. */
export function p1Objects(bytes: Uint8Array): P1Telegram {
  const objects: ObisObject[] = [];
  const badLines: string[] = [];
  const identEnd = scanP1(bytes, {
    line: (group, code, start, end) => void objects.push({ code: obisCode(group, code), values: valuesAt(bytes, start, end) }),
    badLine: (start, end) => void badLines.push(latin1(bytes, start, end).trim()),
  });
  return { ident: latin1(bytes, bytes[0] === 0x2f ? 1 : 0, identEnd).trim(), objects, badLines };
}

/** Values of the line that stand at bytes[start, end), as sent. */
export function valuesAt(bytes: Uint8Array, start: number, end: number): ObisValue[] {
  return latin1(bytes, start + 1, end - 1)
    .split(/\)[\r\n]*\(/)
    .map((value) => {
      const at = value.lastIndexOf("*");
      return at < 0 ? { text: value, unit: null } : { text: value.slice(0, at), unit: value.slice(at + 1) };
    });
}
