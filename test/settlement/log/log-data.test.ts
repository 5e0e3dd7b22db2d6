import fc from "fast-check";
import { id } from "ethers";
import { describe, expect, it } from "vitest";
import { recordKinds, type RecordWire } from "../../../core/message/settlement-message.ts";
import { blobCapacity, fromBlobs, toBlobs } from "../../../settlement/log/blob-bytes.ts";
import { decodeLogData, encodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { decodeLogPlace, encodeLogPlace, logFileHash, type LogPlace } from "../../../settlement/log/log-place.ts";
import type { LoggedRecord } from "../../../settlement/log/log-run.ts";
import { recordDigest, zeroHash } from "../../../settlement/record/record.ts";
import { code } from "../contract-rig.ts";
import { after, bothSign, exampleRecord, partyA, partyB } from "../fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"ab".repeat(20)}` };
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`);
const signature = fc.uint8Array({ minLength: 65, maxLength: 65 }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`);

/** What a record may hold beside its place in the chain. */
const content = fc.record({
  kind: fc.constantFrom(...recordKinds.filter((kind) => kind !== "correction")),
  paidByB: fc.boolean(),
  startS: fc.integer({ min: 0, max: 10 ** 8 }),
  lengthS: fc.integer({ min: 1, max: 90_000 }),
  wh: fc.integer({ min: 0, max: 2 ** 47 - 1 }),
  amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  salt: hash,
  ref: hash,
  prices: fc.constantFrom(zeroHash, id("one"), id("other")),
  signatureA: fc.oneof(signature, fc.constant("0x")),
  signatureB: signature,
});

/** A chain of records with these contents, from a number on. */
function chainOf(
  contents: readonly (typeof content extends fc.Arbitrary<infer T> ? T : never)[],
  firstSeq: number,
): LoggedRecord[] {
  let [prev, cumA, cumB] = [firstSeq === 1 ? zeroHash : id("before"), 17n, 4n];
  return contents.map(({ paidByB, startS, lengthS, amount, signatureA, signatureB, ...rest }, index) => {
    if (paidByB) cumB += amount;
    else cumA += amount;
    const record: RecordWire = {
      a: partyA.owner,
      b: partyB.owner,
      seq: firstSeq + index,
      start: after(startS),
      end: after(startS + lengthS),
      cumA: String(cumA),
      cumB: String(cumB),
      payer: paidByB ? partyB.owner : partyA.owner,
      time: after(startS + lengthS),
      amount: String(amount),
      agreement: id("agreement"),
      prev,
      ...rest,
    };
    prev = recordDigest(domain, record);
    return { record, digest: prev, signatureA, signatureB };
  });
}

describe("data of an epoch", () => {
  it("gives records back as they were", () => {
    fc.assert(
      fc.property(
        fc.array(content, { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 9 }),
        fc.array(hash, { maxLength: 3 }),
        (contents, before, others) => {
          const records = chainOf(contents, before + 1);
          const data = { form: "records", records, others } as const;
          expect(decodeLogData(domain, encodeLogData(data))).toEqual(data);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("keeps records whose numbers do not follow each other", () => {
    const blank = {
      paidByB: true,
      kind: "import",
      startS: 0,
      lengthS: 900,
      wh: 1,
      amount: 1n,
      salt: id("s"),
      ref: id("r"),
      prices: zeroHash,
    } as const;
    const one = { ...blank, signatureA: "0x", signatureB: `0x${"11".repeat(65)}` };
    const records = [...chainOf([one, one], 1), ...chainOf([one], 7)];
    const back = decodeLogData(domain, encodeLogData({ form: "records", records, others: [] }));
    expect(back).toEqual({ form: "records", records, others: [] });
    expect(leavesOf(back)).toEqual(records.map(({ digest }) => digest));
  });

  it("keeps records whose totals do not follow each other, for an auditor to see", async () => {
    const first = exampleRecord(domain);
    const honest = exampleRecord(domain, { previous: first, startS: 3600 });
    const second: RecordWire = { ...honest, cumA: String(BigInt(honest.cumA) + 5n) };
    const records = await Promise.all(
      [first, second].map(async (record) => {
        const [signatureA, signatureB] = await bothSign(domain, record);
        return { record, digest: recordDigest(domain, record), signatureA, signatureB };
      }),
    );
    expect(decodeLogData(domain, encodeLogData({ form: "records", records, others: [] }))).toMatchObject({ records });
  });

  it("keeps a negative correction", async () => {
    const record: RecordWire = { ...exampleRecord(domain), kind: "correction", wh: -1203 };
    const [signatureA, signatureB] = await bothSign(domain, record);
    const records = [{ record, digest: recordDigest(domain, record), signatureA, signatureB }];
    expect(decodeLogData(domain, encodeLogData({ form: "records", records, others: [] }))).toMatchObject({ records });
  });

  it("gives leaves back as they were", () => {
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 20 }), (leaves) => {
        const data = { form: "digests", leaves } as const;
        expect(decodeLogData(domain, encodeLogData(data))).toEqual(data);
        expect(leavesOf(data)).toEqual(leaves);
      }),
    );
  });

  it("refuses what is cut, longer or of another form, and never anything but an AppError", () => {
    const whole = encodeLogData({ form: "records", records: chainOf([], 1), others: [id("one")] });
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeLogData(domain, whole.subarray(0, length))).toThrow(code("log-data-malformed"));
    expect(() => decodeLogData(domain, Uint8Array.of(...whole, 0))).toThrow(code("log-data-malformed"));
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3), fc.uint8Array({ maxLength: 400 }), (form, rest) => {
        try {
          decodeLogData(domain, Uint8Array.of(form, ...rest));
        } catch (error) {
          expect(error).toEqual(code("log-data-malformed"));
        }
      }),
    );
  });

  it("says which figure has no room", () => {
    const record: RecordWire = {
      ...exampleRecord(domain),
      amount: String(2n ** 64n),
      cumA: String(2n ** 70n),
      cumB: String(2n ** 70n),
    };
    const records = [{ record, digest: id("digest"), signatureA: "0x", signatureB: "0x" }];
    expect(() => encodeLogData({ form: "records", records, others: [] })).toThrow(code("log-data-too-large"));
  });
});

describe("place of the data", () => {
  it("is read as it was written", () => {
    const places: LogPlace[] = [
      { in: "nowhere" },
      { in: "inline", bytes: Uint8Array.of(1, 2, 255) },
      { in: "blobs", length: 700_000 },
      { in: "file", length: 9, hash: logFileHash(Uint8Array.of(9)) },
    ];
    for (const place of places) expect(decodeLogPlace(encodeLogPlace(place))).toEqual(place);
  });

  it.each(["0x00", "0x09", "0x0200", "0x020000000100", "0x03000000"])("%s is none", (data) => {
    expect(() => decodeLogPlace(data)).toThrow(code("log-data-malformed"));
  });
});

describe("blobs", () => {
  it("give back what was laid into them", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 31, 32, blobCapacity - 1, blobCapacity, blobCapacity + 1, 2 * blobCapacity),
        fc.nat({ max: 255 }),
        (length, seed) => {
          const data = Uint8Array.from({ length }, (_, at) => (at * 31 + seed) % 256);
          const blobs = toBlobs(data);
          expect(blobs).toHaveLength(Math.ceil(length / blobCapacity));
          expect(blobs.every((blob) => blob.length === 131_072)).toBe(true);
          expect(Buffer.from(fromBlobs(blobs, length)).equals(Buffer.from(data))).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("are refused where they are too few or filled in another way", () => {
    const [blob = new Uint8Array()] = toBlobs(Uint8Array.of(1));
    expect(() => fromBlobs([blob], blobCapacity + 1)).toThrow(code("log-data-malformed"));
    expect(() => fromBlobs([blob.with(64, 1)], 1)).toThrow(code("log-data-malformed"));
  });
});
