import { expect, it } from "vitest";
import { type ArchiveLine, readArchive, writeArchiveLine } from "../../../settlement/log/archive.ts";
import { collect } from "../../fake/collect.ts";
import { code } from "../contract-rig.ts";
import { bothSign, exampleAgreement, exampleEvidence, exampleRecord, exampleSeries, signBoth } from "../fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"ab".repeat(20)}` };

async function exampleLines(): Promise<ArchiveLine[]> {
  const record = exampleRecord(domain);
  const [signatureA, signatureB] = await bothSign(domain, record);
  const evidence = exampleEvidence("import", [151, 0, 87, 1203]);
  return [
    { v: 1, kind: "agreement", ...(await signBoth(exampleAgreement(domain))) },
    { v: 1, kind: "prices", series: exampleSeries() },
    { v: 1, kind: "record", record, evidence, signatureA, signatureB },
    { v: 1, kind: "record", record, evidence, signatureA, signatureB: "0x" },
  ];
}

it("is read as it was written, with the numbers of the lines", async () => {
  const lines = await exampleLines();
  const texts = lines.flatMap((line) => [writeArchiveLine(line), ""]);
  const read = await collect(readArchive(texts, "archive.jsonl"));
  expect(read.map(({ entry }) => entry)).toEqual(lines);
  expect(read.map(({ line }) => line)).toEqual([1, 3, 5, 7]);
});

it.each<[string, string, RegExp]>([
  ["what is no JSON", "{", /^a\.jsonl:2 is not JSON/],
  ["a kind that is none", '{"v":1,"kind":"bill"}', /^a\.jsonl:2 kind:/],
  ["a record without a signature", '{"v":1,"kind":"record"}', /^a\.jsonl:2 record/],
  ["another version", '{"v":2,"kind":"prices"}', /^a\.jsonl:2 v:/],
])("names the line of %s", async (_, text, message) => {
  const reading = collect(readArchive(["", text], "a.jsonl"));
  await expect(reading).rejects.toEqual(code("archive-malformed"));
  await expect(reading).rejects.toThrow(message);
});
