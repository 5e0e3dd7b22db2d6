import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeP1 } from "../../../../drivers/decode/decode-p1.ts";
import type { DlmsKeys } from "../../../../drivers/meter/dlms/general-glo.ts";
import { generalGlo, testKeys } from "../../../fake/general-glo.ts";
import { dsmr5Lines, telegram } from "../../../fake/p1-telegram.ts";

const plain = telegram(dsmr5Lines);
const decode = (bytes: Uint8Array, keys: DlmsKeys | undefined = testKeys) =>
  decodeP1(bytes, { keys, zone: "CET", receivedMs: 0 });
const summary = (bytes: Uint8Array, keys?: DlmsKeys) =>
  decode(bytes, keys).map(({ integrity, encryption, error, reading }) => [
    integrity,
    encryption,
    error?.code ?? reading?.importWh,
  ]);

it("reads frames one after the other, with noise and a clear telegram between", () => {
  const stream = Buffer.concat([
    Buffer.from("noise"),
    generalGlo(plain, { counter: 1 }),
    Buffer.of(0xdb, 0x08, 0x41),
    generalGlo(plain, { counter: 2, security: 0x20 }),
    plain,
    generalGlo(plain, { counter: 3 }),
  ]);
  expect(
    summary(stream)
      .filter(([, , result]) => result === 3_580_245)
      .map(([, encryption]) => encryption),
  ).toEqual(["verified", "decrypted-unverified", "none", "verified"]);
});

it("reads the Polish form: a clear identification, then a frame without tag DB and title", () => {
  const stream = Buffer.concat([Buffer.from("/TSM5G99\r\n\r\n"), generalGlo(plain, { bare: true })]);
  expect(summary(Buffer.concat([stream, stream.subarray(0, 30)]))).toEqual([
    ["valid", "verified", 3_580_245],
    ["invalid", "none", "p1-truncated"],
  ]);
});

it("is not led astray by a slash, an exclamation mark or DB within the cipher", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), fc.integer({ min: 1, max: 400 }), (counter, cut) => {
      const frame = generalGlo(plain, { counter });
      const decoded: unknown[] = [];
      // In two chunks, wherever the line cuts it.
      const whole = Buffer.concat([frame.subarray(0, cut), frame.subarray(cut)]);
      decoded.push(...summary(whole));
      expect(decoded).toEqual([["valid", "verified", 3_580_245]]);
    }),
  );
});

it("finds the next frame when one lost bytes in the middle", () => {
  const frame = generalGlo(plain, { counter: 5 });
  const next = generalGlo(plain, { counter: 6 });
  const hurt = Buffer.concat([frame.subarray(0, 200), frame.subarray(260)]);
  expect(summary(Buffer.concat([hurt, next]))).toEqual([
    ["invalid", "none", "p1-truncated"],
    ["valid", "verified", 3_580_245],
  ]);
});

it("finds clear telegrams behind what only looks like a ciphered frame", () => {
  // Announces 16 KiB, in the Polish and in the common form.
  for (const lie of ["2f4142430d0a0d0a00823ff030", "db0801020304050607ff823fed30"])
    expect(
      summary(Buffer.concat([Buffer.from(lie, "hex"), plain, plain, plain])).filter(([integrity]) => integrity === "valid"),
    ).toHaveLength(3);
});

it("believes no text without tag and without a CRC of its own", () => {
  const noCrc = telegram(dsmr5Lines, "none");
  expect(summary(generalGlo(noCrc, { security: 0x20 }))).toEqual([["invalid", "none", "p1-bad-crc"]]);
  expect(summary(generalGlo(noCrc))).toEqual([["absent", "verified", 3_580_245]]);
});

it("believes a tag that holds, and says that the inner CRC does not, as Smarty meters send it", () => {
  const wrong = Buffer.from(plain.toString("latin1").replace(/![0-9A-F]{4}/, "!0BAD"), "latin1");
  expect(summary(generalGlo(wrong))).toEqual([["invalid", "verified", 3_580_245]]);
});

it("says what is missing or wrong", () => {
  const frame = generalGlo(plain);
  expect(decodeP1(frame, { zone: "CET", receivedMs: 0 })).toMatchObject([
    { encryption: "key-missing", error: { code: "dlms-key-missing", offset: 0 }, objects: {}, reading: null },
  ]);
  expect(summary(frame, { ...testKeys, authenticationKey: Buffer.alloc(16) })).toEqual([["absent", "failed", "dlms-bad-tag"]]);
  expect(summary(Buffer.concat([frame, frame]))).toEqual([
    ["valid", "verified", 3_580_245],
    ["absent", "failed", "dlms-replayed-counter"],
  ]);
  expect(summary(generalGlo(Buffer.from("no telegram at all, only words")))).toEqual([["absent", "none", "p1-truncated"]]);
});
