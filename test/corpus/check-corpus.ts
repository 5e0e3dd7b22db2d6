import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { decodeBytes } from "../../drivers/decode/decode-bytes.ts";
import type { Decoded, DecodedListItem, DecodedValue } from "../../drivers/decode/decoded.ts";

/** One object as the index of a corpus has it: values as sent, with their unit. */
const IndexObject = z.object({ obis: z.string(), values: z.array(z.object({ v: z.string(), u: z.string().optional() })) });
const Entry = z.object({
  file: z.string(),
  key: z.string().optional(),
  auth_key: z.string().nullable().optional(),
  gcm_tag_valid: z.boolean().nullable().optional(),
  crc_valid: z.boolean().nullable().optional(),
  terminator: z.boolean().optional(),
  note: z.string().optional(),
  expected_utc: z.string().optional(),
  objects: z.array(IndexObject).optional(),
  plaintext: z.object({ objects: z.array(IndexObject) }).optional(),
  items: z.array(z.unknown()).optional(),
  decode_error: z.string().optional(),
  frames: z
    .array(z.object({ complete: z.boolean(), fcs_valid: z.boolean().optional(), checksum_valid: z.boolean().optional() }))
    .optional(),
});
type Entry = z.infer<typeof Entry>;
const Index = z.object({ p1: z.array(Entry), p1_encrypted: z.array(Entry), han: z.array(Entry) });

/** What came of one file of the corpus. */
export interface Verdict {
  family: string;
  file: string;
  /** What the index says of it. */
  kind: "valid" | "broken" | "several";
  /** Empty where everything is as the index says. */
  faults: string[];
}

/** Decodes every file that the index.json of a folder names, and compares with what it says. */
export function checkCorpus(folder: string): Verdict[] {
  const index = Index.parse(JSON.parse(readFileSync(join(folder, "index.json"), "utf8")));
  return Object.entries(index).flatMap(([family, entries]) =>
    entries.map((entry) => {
      const lines = decodeEntry(folder, entry);
      const kind = kindOf(entry);
      return { family, file: entry.file, kind, faults: faultsOf(kind, entry, lines, entries) };
    }),
  );
}

function decodeEntry(folder: string, { file, key, auth_key: authKey }: Entry): Decoded[] {
  const bytes = readFileSync(join(folder, file));
  const wire = file.endsWith(".hex") ? Buffer.from(bytes.toString("latin1").replaceAll(/\s/g, ""), "hex") : bytes;
  const keys =
    key === undefined
      ? undefined
      : { encryptionKey: Buffer.from(key, "hex"), ...(authKey && { authenticationKey: Buffer.from(authKey, "hex") }) };
  return decodeBytes(wire, { keys, zone: "CET", receivedMs: 0 });
}

function kindOf(entry: Entry): Verdict["kind"] {
  if (/truncated_then_good|two_back_to_back/.test(entry.file)) return "several";
  if (entry.decode_error !== undefined || entry.gcm_tag_valid === false || entry.crc_valid === false) return "broken";
  if (entry.frames?.some(({ complete, fcs_valid: fcs, checksum_valid: sum }) => !complete || fcs === false || sum === false))
    return "broken";
  if (entry.key !== undefined && entry.gcm_tag_valid === undefined && entry.plaintext === undefined && entry.items === undefined)
    return "broken";
  return entry.objects?.length === 0 ? "broken" : "valid";
}

function faultsOf(kind: Verdict["kind"], entry: Entry, lines: readonly Decoded[], all: readonly Entry[]): string[] {
  const good = lines.filter(({ error }) => error === undefined);
  const broken = lines.filter(({ error }) => error !== undefined);
  if (kind === "broken") {
    const faults = good.length > 0 ? [`${good.length} telegrams were believed`] : [];
    return broken.length > 0 ? faults : [...faults, "nothing was reported"];
  }
  if (kind === "several") return severalFaults(entry, good, broken, all);
  if (broken.length > 0 || good.length !== 1)
    return [`${good.length} good and ${broken.length} broken lines instead of one good`];
  const [line] = good;
  return line ? valueFaults(entry, line) : ["no line"];
}

/** Telegrams whose CRC the note names must all be there, each with the values of the file that it was made from. */
function severalFaults(entry: Entry, good: readonly Decoded[], broken: readonly Decoded[], all: readonly Entry[]): string[] {
  const parts = { truncated_then_good: ["fluvius_v171_alt"], two_back_to_back: ["v5_two_mbus", "fluvius_v171_alt"] };
  const [, wanted] = Object.entries(parts).find(([name]) => entry.file.includes(name)) ?? ["", []];
  const faults = good.length === wanted.length ? [] : [`${good.length} good telegrams, ${wanted.length} are in it`];
  if (entry.file.includes("truncated") && broken.length !== 1) faults.push("the truncated telegram was not reported");
  for (const [at, name] of wanted.entries()) {
    const source = all.find(({ file }) => file.endsWith(`${name}.txt`));
    const line = good[at];
    faults.push(...(source && line ? valueFaults(source, line) : [`nothing to compare with for ${name}`]));
  }
  return faults;
}

function valueFaults(entry: Entry, line: Decoded): string[] {
  const faults: string[] = [];
  const wanted = new Map<string, { v: string; u?: string | undefined }[]>();
  for (const { obis, values } of entry.objects ?? entry.plaintext?.objects ?? []) {
    const code = obis.replace(/\*\d+$/, "").replace(/^(\d+-\d+:\d+\.\d+\.\d+)\.\d+$/, "$1");
    wanted.set(code, [...(wanted.get(code) ?? []), ...values]);
  }
  for (const [code, values] of wanted) {
    const found = [line.objects[code] ?? []].flat();
    if (found.length !== values.length) faults.push(`${code} has ${found.length} values, ${values.length} were sent`);
    for (const [at, { v, u }] of values.entries()) {
      const value = found[at];
      if (!value || !same(value, v, u)) faults.push(`${code} is ${JSON.stringify(value)}, sent was ${v}${u ? `*${u}` : ""}`);
    }
  }
  if (entry.items && !sameItems(entry.items, line.list ?? [])) faults.push("the list's items differ");
  const time = line.time === null ? null : Date.parse(line.time);
  if (entry.expected_utc && time !== Date.parse(entry.expected_utc))
    faults.push(`time is ${line.time}, expected ${entry.expected_utc}`);
  return faults;
}

/** A unit that stands glued to its figure in the telegram comes out apart. */
function same({ value, unit }: DecodedValue, v: string, u: string | undefined): boolean {
  if (typeof value === "number")
    return u === undefined
      ? v.endsWith(unit ?? "") && value === Number.parseFloat(v)
      : unit === u && value === Number(v.replace(",", "."));
  return value === v && (unit ?? undefined) === u;
}

function sameItems(wanted: readonly unknown[], found: readonly DecodedListItem[]): boolean {
  const plain = (items: readonly unknown[]): string =>
    JSON.stringify(items.map((item) => Object.entries(item as object).toSorted(([one], [other]) => (one < other ? -1 : 1))));
  return plain(wanted) === plain(found);
}
