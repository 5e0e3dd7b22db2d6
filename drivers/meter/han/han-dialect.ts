import type { ClockHabit } from "./cosem-time.ts";
import type { HanEntry } from "./han-entry.ts";

/** Makers whose lists leave something to know. */
export type HanMaker = "aidon" | "kaifa" | "kamstrup" | "iskra" | "landis-gyr";

/** What a maker's lists leave to the reader. */
export interface HanDialect {
  /** Null for lists that say all themselves, by whomever they are. */
  maker: HanMaker | null;
  clock: ClockHabit;
  /** Power of ten of a value without scaler, by its unit; undefined where nobody knows, and the value is not used. */
  exponent(unit: number, bytes: Uint8Array, entry: HanEntry): number | undefined;
}

/** Says how far it is from UTC, or by a bit that it is summer. */
export const plainClock: ClockHabit = { summer: "status", zeroIsUnknown: false };

/** A list that says all itself: logical names, scalers and units. */
export const inBandDialect: HanDialect = { maker: null, clock: plainClock, exponent: () => undefined };

/** A list that only counts positions, as a grid operator ordered it. */
export interface Layout {
  /** Tag that stands at each position; a null may always stand there. */
  tags: readonly number[];
  /** Group and code at each position; -1 for what is not known. */
  groups: readonly number[];
  codes: readonly number[];
  /** How many elements the list has; those past the table are not known. */
  length: { least: number; most: number };
}

/**
 * A layout from lines "tag A-B:C.D.E" ("tag -" for what is not known), the tag as two hex digits.
 * @param length of the whole list where it goes on past the table, or may end before
 */
export function layout(lines: readonly string[], length?: Layout["length"]): Layout {
  const tags: number[] = [];
  const groups: number[] = [];
  const codes: number[] = [];
  for (const line of lines) {
    const [tag = "", name = ""] = line.split(" ");
    const [a, b, c = 0, d = 0, e = 0] = name.split(/[-:.]/).map(Number);
    const known = a !== undefined && b !== undefined && name !== "-";
    tags.push(Number.parseInt(tag, 16));
    groups.push(known ? a * 256 + b : -1);
    codes.push(known ? c * 65_536 + d * 256 + e : -1);
  }
  return { tags, groups, codes, length: length ?? { least: lines.length, most: lines.length } };
}

/** Writes a layout's codes into the entries of a list of its shape. @returns false where the list has another shape */
export function applyLayout(of: Layout, bytes: Uint8Array, entries: readonly HanEntry[]): boolean {
  if (entries.length < of.length.least || entries.length > of.length.most) return false;
  const known = Math.min(entries.length, of.tags.length);
  for (let at = 0; at < known; at++) {
    const tag = bytes[entries[at]?.at ?? -1];
    if (tag !== of.tags[at] && tag !== 0) return false;
  }
  for (let at = 0; at < known; at++) {
    const entry = entries[at];
    if (!entry) continue;
    entry.group = of.groups[at] ?? -1;
    entry.code = of.codes[at] ?? -1;
  }
  return true;
}
