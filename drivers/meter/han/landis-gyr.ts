import { badData, tag } from "./axdr.ts";
import { layout, plainClock, type HanDialect, type Layout } from "./han-dialect.ts";
import { unit, type HanEntry } from "./han-entry.ts";

/** Landis+Gyr, Austria and Switzerland, lists that begin with a description of themselves: 0.01 A, 0.1 V, Wh. */
export const landisGyr: HanDialect = {
  maker: "landis-gyr",
  clock: plainClock,
  exponent: (of) => (of === unit.A ? -2 : of === unit.V ? -1 : 0),
};

/** The same maker's lists without names: 0.01 A, whole V, Wh. */
export const landisGyrCounted: HanDialect = {
  ...landisGyr,
  exponent: (of) => (of === unit.A ? -2 : 0),
};

const measured = [
  "12 1-0:32.7.0",
  "12 1-0:52.7.0",
  "12 1-0:72.7.0",
  "12 1-0:31.7.0",
  "12 1-0:51.7.0",
  "12 1-0:71.7.0",
  "06 1-0:1.7.0",
  "06 1-0:2.7.0",
  "06 1-0:1.8.0",
  "06 1-0:2.8.0",
];

/** Austrian lists of 11 and 14 values, the meter's number last. */
export const landisGyrLayouts: readonly Layout[] = [
  layout([...measured, "09 0-0:96.1.0"]),
  layout([...measured, "12 -", "12 -", "12 -", "09 0-0:96.1.0"]),
];

/** Bytes of one description: structure of class (uint16), logical name, attribute (int8), data index (uint16). */
const descriptionBytes = 18;
/** Attribute of an object that holds its value; the first is its name. */
const valueAttribute = 2;

/**
 * Names the values of a list by its first element, an array of descriptions of all elements, itself among them.
 * @param entries of the whole list, that array first
 * @throws AppError han-bad-data where the descriptions are of another form
 * @see IEC 62056-6-2, push setup, push_object_list
 */
export function applyDescriptions(bytes: Uint8Array, entries: readonly HanEntry[]): void {
  const first = entries[0];
  const count = first && bytes[first.at + 1];
  if (!first || count === undefined || count > 0x7f) throw badData(first?.at ?? 0, "no description of the list");
  for (let index = 0; index < count && index < entries.length; index++) {
    const at = first.at + 2 + index * descriptionBytes;
    const fits =
      bytes[at] === tag.structure && bytes[at + 1] === 4 && bytes[at + 2] === tag.uint16 && bytes[at + 5] === tag.octetString;
    if (!fits || bytes[at + 6] !== 6 || bytes[at + 13] !== tag.int8) throw badData(at, "a description of an unknown form");
    const entry = entries[index];
    if (!entry || index === 0) continue;
    entry.nameAt = at + 7;
    if (bytes[at + 14] !== valueAttribute) continue;
    entry.group = (bytes[at + 7] ?? 0) * 256 + (bytes[at + 8] ?? 0);
    entry.code = ((bytes[at + 9] ?? 0) << 16) | ((bytes[at + 10] ?? 0) << 8) | (bytes[at + 11] ?? 0);
  }
}
