import { AbiCoder, concat, keccak256, toUtf8Bytes, TypedDataEncoder } from "ethers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordKinds, type RecordWire } from "../../../core/message/settlement-message.ts";
import { bodyHash, recordDigest, recordHead, signerOf, signRecord } from "../../../settlement/record/record.ts";
import { type Anvil, startAnvil } from "../../fake/anvil.ts";
import { addressOf, exampleRecord, keyOf, partyA, partyB } from "../fixture.ts";
import { type Market, openMarket } from "../market.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const hashText = (text: string): string => keccak256(toUtf8Bytes(text));
const encode = (types: string[], values: unknown[]): string => keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
const seconds = (instant: string): number => Date.parse(instant) / 1000;

const bodyType =
  "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)";
const recordType = `Record(address a,address b,uint64 seq,uint64 start,uint64 end,uint128 cumA,uint128 cumB,Body body)${bodyType}`;
const domainType = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** The digest by the words of EIP-712, with keccak256 alone. */
function digestByHand({ chainId, contract }: typeof domain, r: RecordWire): string {
  const b32 = "bytes32";
  const body = encode(
    [b32, b32, "uint8", "address", "uint64", "int64", "uint128", b32, b32, b32, b32],
    [
      hashText(bodyType),
      r.salt,
      recordKinds.indexOf(r.kind),
      r.payer,
      seconds(r.time),
      r.wh,
      r.amount,
      r.prices,
      r.agreement,
      r.ref,
      r.prev,
    ],
  );
  const struct = encode(
    [b32, "address", "address", "uint64", "uint64", "uint64", "uint128", "uint128", b32],
    [hashText(recordType), r.a, r.b, r.seq, seconds(r.start), seconds(r.end), r.cumA, r.cumB, body],
  );
  const separator = encode(
    [b32, b32, b32, "uint256", "address"],
    [hashText(domainType), hashText("Smart-MLA Settlement"), hashText("1"), chainId, contract],
  );
  return keccak256(concat(["0x1901", separator, struct]));
}

const examples: [string, RecordWire][] = [
  ["an import", exampleRecord(domain)],
  ["a correction with negative energy", { ...exampleRecord(domain), kind: "correction", wh: -1234 }],
  [
    "the largest values",
    { ...exampleRecord(domain), seq: Number.MAX_SAFE_INTEGER, cumA: "9".repeat(30), wh: Number.MAX_SAFE_INTEGER },
  ],
];

describe("digest of a record", () => {
  let anvil: Anvil;
  let market: Market;
  beforeAll(async () => {
    anvil = await startAnvil();
    market = await openMarket(anvil);
  });
  afterAll(async () => {
    market.close();
    await anvil.stop();
  });

  it.each(examples)("is the same here, in the contract and computed by hand: %s", async (_, record) => {
    const digest = recordDigest(market.domain, record);
    expect(digest).toBe(digestByHand(market.domain, record));
    expect(await market.funder.digestOf(recordHead(record))).toBe(digest);
  });

  it("is the one of a general EIP-712 encoder and computed by hand, for any record", () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`);
    const micro = fc.bigInt({ min: 0n, max: 10n ** 30n - 1n }).map(String);
    const instant = fc.integer({ min: 0, max: 253_402_300_799 }).map((at) => new Date(at * 1000).toISOString());
    const whole = fc.oneof(fc.maxSafeNat(), fc.nat());
    const field = (type: string) => (name: string) => ({ name, type });
    const types = {
      Record: [
        ...["a", "b"].map(field("address")),
        ...["seq", "start", "end"].map(field("uint64")),
        ...["cumA", "cumB"].map(field("uint128")),
        field("Body")("body"),
      ],
      Body: [
        field("bytes32")("salt"),
        field("uint8")("kind"),
        field("address")("payer"),
        field("uint64")("time"),
        field("int64")("wh"),
        field("uint128")("amount"),
        ...["prices", "agreement", "ref", "prev"].map(field("bytes32")),
      ],
    };
    fc.assert(
      fc.property(
        fc.record({ salt: hash, prices: hash, agreement: hash, ref: hash, prev: hash, time: instant }),
        fc.record({ cumA: micro, cumB: micro, amount: micro, seq: whole.map((n) => Math.max(n, 1)), wh: whole }),
        fc.uniqueArray(instant, { minLength: 2, maxLength: 2 }),
        fc.constantFrom(...recordKinds),
        fc.boolean(),
        fc.record({ chainId: fc.integer({ min: 1, max: 2 ** 31 }), contract: hash.map((text) => text.slice(0, 42)) }),
        (hashes, figures, instants, kind, paidByB, where) => {
          const [start = "", end = ""] = instants.toSorted((one, other) => Date.parse(one) - Date.parse(other));
          const { owner: a } = partyA;
          const { owner: b } = partyB;
          const wh = kind === "correction" ? -figures.wh : figures.wh;
          const record: RecordWire = { ...hashes, ...figures, wh, a, b, start, end, kind, payer: paidByB ? b : a };
          const { salt, prices, agreement, ref, prev } = hashes;
          const { payer, amount } = record;
          const [time, number] = [seconds(record.time), recordKinds.indexOf(kind)];
          const body = { salt, kind: number, payer, time, wh, amount, prices, agreement, ref, prev };
          const struct = { ...record, start: seconds(start), end: seconds(end), body };
          const { chainId, contract: verifyingContract } = where;
          const eip712 = { name: "Smart-MLA Settlement", version: "1", chainId, verifyingContract };
          expect(recordDigest(where, record)).toBe(TypedDataEncoder.hash(eip712, types, struct));
          expect(recordDigest(where, record)).toBe(digestByHand(where, record));
          expect(bodyHash(record)).toBe(TypedDataEncoder.from({ Body: types.Body }).hash(body));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("stays what it was when it was first published", () => {
    const frozen: RecordWire = {
      a: `0x${"1".repeat(40)}`,
      b: `0x${"2".repeat(40)}`,
      seq: 7,
      start: "2026-01-01T00:00:00Z",
      end: "2026-01-01T00:15:00Z",
      cumA: "1000001",
      cumB: "42",
      salt: `0x${"3".repeat(64)}`,
      kind: "export",
      payer: `0x${"1".repeat(40)}`,
      time: "2026-01-01T00:15:05Z",
      wh: 250,
      amount: "17",
      prices: `0x${"4".repeat(64)}`,
      agreement: `0x${"5".repeat(64)}`,
      ref: `0x${"6".repeat(64)}`,
      prev: `0x${"7".repeat(64)}`,
    };
    const at = { chainId: 1, contract: `0x${"8".repeat(40)}` };
    expect(recordDigest(at, frozen)).toBe(digestByHand(at, frozen));
    expect(recordDigest(at, frozen)).toBe("0x068bc4450fe4e4efc6c5ff5d235a3c216aff95fde5701e5e78cd9f6b8fb29642");
    expect(bodyHash(frozen)).toBe("0xca68cf36b6ab5b248ffa88344313d743a9d4d7b25bbc7ef8bf982eecef5f26d9");
  });
});

describe("signatures of a record", () => {
  const record = exampleRecord(domain);

  it("come back to the signer, in lower case", async () => {
    const signature = await signRecord(partyA.signer, domain, record);
    expect(signature).toMatch(/^0x[0-9a-f]{128}(1b|1c)$/);
    expect(signerOf(domain, record, signature)).toBe(addressOf(partyA.signer));
  });

  it("have one valid form only", async () => {
    const signature = await signRecord(partyB.signer, domain, record);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = (order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, "0");
    const twin = `${signature.slice(0, 66)}${s}${signature.endsWith("1b") ? "1c" : "1b"}`;
    const compact = `${signature.slice(0, 130)}${signature.endsWith("1b") ? "00" : "01"}`;
    for (const other of [twin, compact, signature.toUpperCase(), signature.slice(0, 130), "0x", `0x${"0".repeat(128)}1b`])
      expect(() => signerOf(domain, record, other)).toThrow(expect.objectContaining({ code: "settlement-bad-signature" }));
  });
});

describe("a record that cannot be signed as it stands", () => {
  it.each<[string, Partial<RecordWire>]>([
    ["parties in the wrong order", { a: partyB.owner, b: partyA.owner }],
    ["a fraction of a second", { start: "2026-03-01T23:00:00.5Z" }],
    ["a fraction below a millisecond", { time: "2026-03-02T00:00:30.0004Z" }],
    ["a time before 1970", { start: "1969-12-31T23:59:59Z" }],
    ["an end at its start", { end: exampleRecord(domain).start }],
    ["a negative amount", { amount: "-1" }],
    ["an amount with a leading zero", { amount: "01" }],
    ["a negative total", { cumA: "-5" }],
    ["a payer who is no party", { payer: addressOf(keyOf("mallory")) }],
    ["negative energy outside a correction", { wh: -1 }],
    ["a hash with letters that are no digits", { salt: `0x${"g".repeat(64)}` }],
    ["a hash without 0x", { ref: "1".repeat(64) }],
  ])("is refused: %s", (_, change) => {
    const record = { ...exampleRecord(domain), ...change };
    expect(() => recordDigest(domain, record)).toThrow(expect.objectContaining({ code: "settlement-bad-record" }));
  });
});
