import fc from "fast-check";
import { expect, it } from "vitest";
import { AppError, errorCode } from "../../../../core/app-error.ts";
import { decipher, parseGeneralGlo, type DlmsKeys } from "../../../../drivers/meter/dlms/general-glo.ts";
import { replayWindow } from "../../../../drivers/meter/dlms/replay-window.ts";
import { generalGlo, testKeys } from "../../../fake/general-glo.ts";

const plain = Buffer.from("what the meter says");
const open = (bytes: Uint8Array, keys: DlmsKeys | undefined = testKeys) => decipher(parseGeneralGlo(bytes), keys);
const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return errorCode(error);
  }
  return "none";
};

it.each<[string, Parameters<typeof generalGlo>[1], DlmsKeys, string]>([
  ["0x30 with both keys", {}, testKeys, "verified"],
  [
    "0x30 of Luxembourg without its known key",
    { authenticationKey: Buffer.from("00112233445566778899AABBCCDDEEFF", "hex") },
    { encryptionKey: testKeys.encryptionKey },
    "verified",
  ],
  ["0x30 whose tag covers the text alone", { authenticationKey: null }, { encryptionKey: testKeys.encryptionKey }, "verified"],
  ["0x20, which has no tag", { security: 0x20 }, testKeys, "decrypted-unverified"],
  ["0x21, which has no tag", { security: 0x21 }, testKeys, "decrypted-unverified"],
  ["a title of no bytes", { bare: true }, testKeys, "verified"],
])("opens %s", (_, made, keys, encryption) => {
  const opened = open(generalGlo(plain, made), keys);
  expect(Buffer.from(opened.plain).toString()).toBe("what the meter says");
  expect(opened.encryption).toBe(encryption);
});

it.each([10, 120, 130, 250, 260, 3000])("opens a text of %i bytes, whose length is written in its own form", (size) => {
  const text = Buffer.alloc(size, 0x41);
  expect(Buffer.from(open(generalGlo(text)).plain).equals(text)).toBe(true);
});

it.each<[string, () => unknown, string]>([
  ["no key", () => decipher(parseGeneralGlo(generalGlo(plain)), undefined), "dlms-key-missing"],
  ["a wrong encryption key", () => open(generalGlo(plain), { ...testKeys, encryptionKey: Buffer.alloc(16) }), "dlms-bad-tag"],
  [
    "a wrong authentication key, though the text would be readable",
    () => open(generalGlo(plain), { ...testKeys, authenticationKey: Buffer.alloc(16) }),
    "dlms-bad-tag",
  ],
  [
    "no authentication key where the meter uses one of its own",
    () => open(generalGlo(plain), { encryptionKey: testKeys.encryptionKey }),
    "dlms-bad-tag",
  ],
  ["a frame that ends early", () => open(generalGlo(plain).subarray(0, -1)), "dlms-truncated"],
  ["a security byte without encryption", () => open(generalGlo(plain, { security: 0x10 })), "dlms-unsupported-security"],
  ["a title of 7 bytes", () => open(generalGlo(plain, { title: "SEVEN77" })), "dlms-bad-length"],
  ["a length of 3 bytes", () => open(Buffer.from("db085453543030303031830000ff30", "hex")), "dlms-bad-length"],
])("refuses %s", (_, work, expected) => expect(code(work)).toBe(expected));

it("refuses a frame with any one byte changed", () => {
  const good = generalGlo(plain);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
      const hurt = Buffer.from(good);
      hurt[at] = (hurt[at] ?? 0) ^ xor;
      let opened: ReturnType<typeof open> | undefined;
      try {
        opened = open(hurt);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        return;
      }
      // The tag bit of the security byte taken away: nothing vouches for the frame, and it says so.
      expect(opened.encryption).toBe("decrypted-unverified");
    }),
  );
});

it("lets each frame counter pass once and only upwards, each meter by itself", () => {
  const fresh = replayWindow();
  const glo = (counter: number, title = "TSTMETER") => parseGeneralGlo(generalGlo(plain, { counter, title }));
  fresh(glo(7));
  fresh(glo(9));
  fresh(glo(1, "OTHER001"));
  expect([7, 8, 9].map((counter) => code(() => fresh(glo(counter))))).toEqual(Array(3).fill("dlms-replayed-counter"));
  fresh(glo(10));
});
