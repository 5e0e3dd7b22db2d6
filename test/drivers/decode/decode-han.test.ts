import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeHan } from "../../../drivers/decode/decode-han.ts";
import type { DlmsKeys } from "../../../drivers/meter/dlms/general-glo.ts";
import { generalGlo, testKeys } from "../../fake/general-glo.ts";
import { blocks, hdlcFrame, mbusFrames } from "../../fake/han-frame.ts";
import {
  aidonHour,
  aidonList,
  aidonPower,
  array,
  dateTime,
  kaifa18,
  kamstrupHour,
  nothing,
  notification,
  obis,
  octets,
  scalerUnit,
  slovenia12,
  structure,
  visible,
} from "../../fake/han-list.ts";

const decode = (bytes: Uint8Array, keys?: DlmsKeys) => decodeHan(bytes, { ...(keys && { keys }), zone: "CET", receivedMs: 7 });
const summary = (bytes: Uint8Array, keys?: DlmsKeys) =>
  decode(bytes, keys).map(({ integrity, encryption, error, reading }) => [
    integrity,
    encryption,
    error?.code ?? reading?.powerW ?? null,
  ]);
const llc = Buffer.of(0xe6, 0xe7, 0);

it("gives a list as it stands there, its objects scaled, and the reading", () => {
  expect(decode(hdlcFrame(aidonHour))).toMatchObject([
    {
      family: "han",
      meter: "AIDON_V0001",
      integrity: "valid",
      encryption: "none",
      time: "2025-07-01T13:00:00Z",
      objects: {
        "0-0:96.1.0": { value: "7359990000012345", unit: null },
        "1-0:31.7.0": { value: 3.7, unit: "A" },
        "1-0:1.8.0": { value: 12_345_670, unit: "Wh" },
        "1-0:3.8.0": { value: 50, unit: "varh" },
      },
      reading: { importWh: 12_345_670, quality: "valid", receivedMs: 7, meter: "AIDON_V0001" },
    },
  ]);
  const { list = [] } = decode(hdlcFrame(aidonHour))[0] ?? {};
  expect(list).toHaveLength(18);
  expect([list[0], list[7], list[13], list[14]]).toEqual([
    { obis: "1-1:0.2.129.255", raw: "AIDON_V0001" },
    { obis: "1-0:31.7.0.255", raw: 37, scaler: -1, unit: "A", value: 3.7 },
    { obis: "0-0:1.0.0.255", raw: "07e90701ff0e0000ff000000" },
    { obis: "1-0:1.8.0.255", raw: 1_234_567, scaler: 1, unit: "Wh", value: 12_345_670 },
  ]);
});

it("gives the positions of a list without names, and names and scales from what is known of it", () => {
  const [kaifa] = decode(hdlcFrame(kaifa18));
  expect(kaifa?.meter).toBe("KFM_001");
  expect(kaifa?.list?.slice(0, 4)).toEqual([
    { pos: 0, raw: "4b464d5f303031" },
    { pos: 1, raw: Buffer.from("6970630000012345").toString("hex") },
    { pos: 2, raw: Buffer.from("MA304H4").toString("hex") },
    { pos: 3, raw: 2816 },
  ]);
  expect(kaifa?.objects).toMatchObject({
    "1-0:31.7.0": { value: 6.781, unit: "A" },
    "1-0:1.8.0": { value: 4_786_979, unit: "Wh" },
  });
  const [slovenia] = decode(hdlcFrame(slovenia12));
  expect(slovenia?.list?.slice(1, 4)).toEqual([
    { pos: 1, raw: "" },
    { pos: 2, raw: true },
    { pos: 3, raw: "0002" },
  ]);
});

it("counts the elements of a list of names and values", () => {
  const { list } = decode(hdlcFrame(kamstrupHour()))[0] ?? {};
  expect(list?.slice(0, 2)).toEqual([
    { pos: 0, raw: "Kamstrup_V0001" },
    { obis: "1-1:0.0.5.255", raw: "5706560000012345" },
  ]);
});

it.each<[string, Uint8Array, unknown[]]>([
  ["with LLC", Buffer.concat([llc, aidonList]), ["absent", "none", 1412]],
  ["bare", aidonList, ["absent", "none", 1412]],
  ["in a block transfer", Buffer.concat(blocks(aidonList, 100)), ["absent", "none", 1412]],
  ["ciphered, with LLC", Buffer.concat([llc, generalGlo(aidonList)]), ["absent", "verified", 1412]],
  ["ciphered", generalGlo(aidonList), ["absent", "verified", 1412]],
])("decodes a message cut out of its frame: %s", (_, bytes, expected) => expect(summary(bytes, testKeys)).toEqual([expected]));

it("says how far an encryption was seen through", () => {
  const tagged = hdlcFrame(generalGlo(aidonList));
  const untagged = hdlcFrame(generalGlo(aidonList, { security: 0x20, counter: 2 }));
  expect(summary(tagged, testKeys)).toEqual([["valid", "verified", 1412]]);
  expect(summary(untagged, testKeys)).toEqual([["valid", "decrypted-unverified", 1412]]);
  expect(summary(tagged)).toEqual([["valid", "key-missing", "dlms-key-missing"]]);
  expect(summary(tagged, { ...testKeys, authenticationKey: Buffer.alloc(16) })).toEqual([["valid", "failed", "dlms-bad-tag"]]);
  expect(summary(untagged, { encryptionKey: Buffer.alloc(16) })).toEqual([["valid", "failed", "han-bad-data"]]);
  expect(summary(Buffer.concat([tagged, tagged]), testKeys)).toEqual([
    ["valid", "verified", 1412],
    ["valid", "failed", "dlms-replayed-counter"],
  ]);
  expect(summary(Buffer.concat(mbusFrames(generalGlo(aidonHour), 150)), testKeys)).toEqual([["valid", "verified", 1412]]);
});

it("believes bytes behind a ciphered message only where its tag holds", () => {
  const behind = (message: Buffer): Buffer => hdlcFrame(Buffer.concat([message, Buffer.of(1, 2)]));
  expect(summary(behind(generalGlo(aidonList)), testKeys)).toEqual([["valid", "verified", 1412]]);
  expect(summary(behind(generalGlo(aidonList, { security: 0x20 })), testKeys)).toEqual([["valid", "failed", "han-bad-data"]]);
});

it("marks what only a key speaks for by how much stands behind it", () => {
  const quality = (bytes: Uint8Array) => decode(bytes, testKeys)[0]?.reading?.quality;
  const untagged = generalGlo(aidonList, { security: 0x20 });
  expect([aidonList, hdlcFrame(aidonList), generalGlo(aidonList), untagged, hdlcFrame(untagged)].map(quality)).toEqual([
    "unchecked",
    "valid",
    "valid",
    "suspect",
    "unchecked",
  ]);
});

it("gives broken pieces with their code and place, in their order", () => {
  const hurt = Buffer.from(hdlcFrame(aidonList));
  hurt[90] = (hurt[90] ?? 0) ^ 1;
  const stream = Buffer.concat([hdlcFrame(aidonPower(1)), hurt, hdlcFrame(aidonPower(2)), hdlcFrame(aidonList).subarray(0, 80)]);
  const first = hdlcFrame(aidonPower(1)).length;
  expect(decode(stream).map(({ error, reading }) => (error ? [error.code, error.offset] : reading?.powerW))).toEqual([
    1,
    ["han-bad-fcs", first],
    2,
    ["han-truncated", 2 * first + hurt.length],
  ]);
});

it.each([
  ["a stream that is cut", hdlcFrame(aidonHour).subarray(0, 300), "han-truncated"],
  ["a bare message that is cut", aidonHour.subarray(0, 300), "han-bad-data"],
  ["a bare ciphered message that is cut", generalGlo(aidonHour).subarray(0, 300), "dlms-truncated"],
  ["bytes that hold nothing", Buffer.from("no frame at all"), "han-truncated"],
])("ends in an error for %s", (_, bytes, code) => expect(decode(bytes, testKeys).at(-1)?.error?.code).toBe(code));

it("has no reading for a list that measures nothing, and nothing to say of no bytes", () => {
  expect(decode(hdlcFrame(notification(structure(visible("only text")))))).toMatchObject([
    { integrity: "valid", reading: null, list: [{ pos: 0, raw: "only text" }] },
  ]);
  expect(decode(Buffer.alloc(0))).toEqual([]);
});

it.each<[string, Uint8Array]>([
  ["a negative counter", Buffer.of(0x05, 0xff, 0xff, 0xff, 0xff)],
  ["a counter past 2^53", Buffer.of(0x15, 0x00, 0x20, 0, 0, 0, 0, 0, 0)],
  ["a counter past 2^63", Buffer.of(0x15, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  ["a counter as a float that is no number", Buffer.of(0x17, 0x7f, 0xc0, 0, 0)],
])("says of %s that it cannot be, beside the list", (_, value) => {
  const head = hdlcFrame(aidonList);
  const bytes = notification(array(structure(obis("1-0:1.8.0"), value, scalerUnit(0, "Wh"))));
  const [, line] = decode(Buffer.concat([head, hdlcFrame(bytes)]));
  expect(line).toMatchObject({
    integrity: "valid",
    reading: null,
    error: { code: "meter-impossible-reading", offset: head.length },
    list: [{ obis: "1-0:1.8.0.255", unit: "Wh" }],
  });
  expect(Object.keys(line?.objects ?? {})).toEqual(["1-0:1.8.0"]);
});

it("finds no fault in a list of a clock or of a power that is null", () => {
  const clock = structure(obis("0-0:1.0.0"), octets(dateTime("2025-07-01T14:00:00")));
  const power = structure(obis("1-0:1.7.0"), nothing, scalerUnit(0, "W"));
  expect(decode(hdlcFrame(notification(array(clock, power)))).map(({ error, reading }) => [error, reading])).toEqual([
    [undefined, null],
  ]);
});

it("throws for no input, and says nothing false of one whose bytes were changed", () => {
  const seeds = [
    hdlcFrame(aidonHour),
    hdlcFrame(generalGlo(kaifa18)),
    ...mbusFrames(kamstrupHour()),
    aidonHour,
    kaifa18,
    generalGlo(aidonHour),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      fc.nat(400),
      (seed, changes, cut) => {
        const bytes = Buffer.from(seed.subarray(0, Math.max(1, cut)));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        for (const one of decode(bytes, testKeys)) {
          expect(one.family).toBe("han");
          JSON.stringify(one);
        }
      },
    ),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom([], [0x0f, 0, 0, 0, 0, 0], [0xdb, 8], [0xe0], [0xe6, 0xe7, 0], [0x7e, 0xa0]),
      (noise, head) => {
        JSON.stringify(decode(Buffer.concat([Buffer.from(head), noise]), testKeys));
      },
    ),
    { numRuns: 3000 },
  );
});
