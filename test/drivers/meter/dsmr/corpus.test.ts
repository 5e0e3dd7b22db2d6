import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Reading } from "../../../../core/reading.ts";
import { p1Framer } from "../../../../drivers/meter/dsmr/p1-framer.ts";
import { p1Objects, type P1Telegram } from "../../../../drivers/meter/dsmr/p1-objects.ts";
import { p1Reading } from "../../../../drivers/meter/dsmr/p1-reading.ts";

/** A collection of captured telegrams that may lie beside the project; the tests run where it does. */
const corpus = join(import.meta.dirname, "../../../../../shared/corpus");
const present = existsSync(join(corpus, "index.json"));

const Value = z.object({ v: z.string(), u: z.string().optional() });
const Item = z.object({
  file: z.string(),
  crc_valid: z.boolean().nullable(),
  crc_declared: z.string().nullable(),
  truncated: z.boolean().optional(),
  expected_utc: z.string().optional(),
  objects: z.array(z.object({ obis: z.string(), values: z.array(Value) })),
});
const items = present
  ? z.object({ p1: z.array(Item) }).parse(JSON.parse(readFileSync(join(corpus, "index.json"), "utf8"))).p1
  : [];

function telegrams(file: string) {
  const found: { checked: boolean; telegram: P1Telegram; reading: Reading | undefined }[] = [];
  const codes: string[] = [];
  const framer = p1Framer({
    frame({ bytes, checked }) {
      const telegram = p1Objects(bytes);
      let reading: Reading | undefined;
      try {
        reading = p1Reading(bytes, { meter: "m", zone: "CET", checked, receivedMs: 0, clockSynced: true });
      } catch {
        // A telegram without energy, such as a text message alone.
      }
      found.push({ checked, telegram, reading });
    },
    rejected: ({ code }) => codes.push(code),
  });
  framer.push(readFileSync(join(corpus, file)));
  framer.push(Buffer.from("\r\n"));
  return { found, codes };
}

describe.skipIf(!present)("captured P1 telegrams", () => {
  it.each(items.filter((item) => item.crc_valid === true))("$file is valid with all its objects", (item) => {
    const { found, codes } = telegrams(item.file);
    expect(codes).toEqual([]);
    expect(found).toHaveLength(1);
    const [only] = found;
    expect(only?.checked).toBe(true);
    expect(only?.telegram.badLines).toEqual([]);
    for (const { obis, values } of item.objects) {
      const code = obis.replace(/[*]\d+$/, "").replace(/^(\d+-\d+:\d+\.\d+\.\d+)\.\d+$/, "$1");
      const expected = values.map(({ v, u }) => ({ text: v, unit: u ?? null }));
      expect(only?.telegram.objects.find((object) => object.code === code)?.values, obis).toEqual(expected);
    }
    expect(only?.reading?.quality).toBe("valid");
    if (item.expected_utc)
      expect(new Date(only?.reading?.meterMs ?? 0).toISOString()).toBe(new Date(item.expected_utc).toISOString());
  });

  it.each(items.filter((item) => item.crc_valid === false))("$file gives nothing valid", (item) => {
    expect(telegrams(item.file).found.filter((frame) => frame.checked)).toEqual([]);
  });

  it.each(items.filter((item) => item.crc_valid === null))("$file has no CRC, or several telegrams", (item) => {
    const { found, codes } = telegrams(item.file);
    if (/truncated_then_good/.test(item.file))
      expect([codes, found.map((frame) => frame.checked)]).toEqual([["p1-truncated"], [true]]);
    else if (/two_back_to_back/.test(item.file)) expect(found.map((frame) => frame.checked)).toEqual([true, true]);
    else if (/parity_bit/.test(item.file)) expect(found.filter((frame) => frame.checked)).toEqual([]);
    else expect(found.map((frame) => frame.reading?.quality)).toEqual(["unchecked"]);
  });
});
