import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { decodeHan } from "../../../../drivers/decode/decode-han.ts";

/** A collection of captured frames that may lie beside the project; the tests run where it does. */
const corpus = join(import.meta.dirname, "../../../../../shared/corpus");
const present = existsSync(join(corpus, "index.json"));

const Raw = z.union([z.number(), z.string(), z.boolean(), z.null()]);
const Item = z.object({
  file: z.string(),
  framing: z.string(),
  key: z.string().optional(),
  auth_key: z.string().nullish(),
  frames: z.array(z.object({ fcs_valid: z.boolean().optional(), checksum_valid: z.boolean().optional() })).optional(),
  gcm_tag_valid: z.boolean().nullish(),
  decode_error: z.string().optional(),
  items: z.array(z.record(z.string(), Raw)).optional(),
});
type Item = z.output<typeof Item>;
const items = present
  ? z.object({ han: z.array(Item) }).parse(JSON.parse(readFileSync(join(corpus, "index.json"), "utf8"))).han
  : [];

const broken = (item: Item): boolean =>
  item.items === undefined ||
  item.decode_error !== undefined ||
  item.gcm_tag_valid === false ||
  (item.frames ?? []).some((frame) => frame.fcs_valid === false || frame.checksum_valid === false);

function decode(item: Item) {
  const bytes = Buffer.from(readFileSync(join(corpus, item.file), "utf8").replaceAll(/\s/g, ""), "hex");
  const keys = item.key && {
    encryptionKey: Buffer.from(item.key, "hex"),
    ...(item.auth_key && { authenticationKey: Buffer.from(item.auth_key, "hex") }),
  };
  return decodeHan(bytes, { ...(keys && { keys }), zone: "CET", receivedMs: 0 });
}

describe.skipIf(!present)("captured HAN frames", () => {
  it.each(items.filter((item) => !broken(item)))("$file is one list with all its items", (item) => {
    const found = decode(item);
    expect(found).toHaveLength(1);
    const [only] = found;
    expect(only?.error).toBeUndefined();
    expect(only?.list).toEqual(item.items);
    expect(only?.integrity).toBe(item.framing === "llc" ? "absent" : "valid");
    expect(only?.encryption).toBe(item.key === undefined ? "none" : item.gcm_tag_valid ? "verified" : "decrypted-unverified");
    expect(only?.reading?.quality).toBe(
      item.framing === "llc" || only?.encryption === "decrypted-unverified" ? "unchecked" : "valid",
    );
  });

  it.each(items.filter(broken))("$file gives errors and no reading", (item) => {
    const found = decode(item);
    expect(found.length).toBeGreaterThan(0);
    for (const { error, reading, list } of found) {
      expect(error?.code).toMatch(/^(han|dlms)-/);
      expect([reading, list]).toEqual([null, undefined]);
    }
  });

  it("holds both kinds", () => {
    expect([items.filter((item) => !broken(item)).length, items.filter(broken).length]).toEqual([29, 7]);
  });
});
