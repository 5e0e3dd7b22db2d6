import fc from "fast-check";
import { expect, it } from "vitest";
import { p1Framer } from "../../../../drivers/meter/dsmr/p1-framer.ts";
import { maxP1Bytes } from "../../../../drivers/meter/dsmr/p1-marks.ts";
import { bitwiseCrc16, dsmr2Lines, dsmr5Lines, telegram } from "../../../fake/p1-telegram.ts";

/** What a framer makes of these chunks: "ok", "unchecked" or a code, with the length of the frame. */
function frames(...chunks: Uint8Array[]): { is: string; bytes: string }[] {
  const found: { is: string; bytes: string }[] = [];
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
  const framer = p1Framer({
    frame: ({ bytes, checked }) => found.push({ is: checked ? "ok" : "unchecked", bytes: text(bytes) }),
    rejected: ({ code, bytes }) => found.push({ is: code, bytes: text(bytes) }),
  });
  for (const chunk of chunks) framer.push(chunk);
  return found;
}
const kinds = (...chunks: Uint8Array[]): string[] => frames(...chunks).map((frame) => frame.is);
const good = telegram(dsmr5Lines);

it("gives the telegram from / through its CRC", () => {
  expect(frames(good)).toEqual([{ is: "ok", bytes: good.toString("latin1").trimEnd() }]);
});

it.each<[string, Buffer, string[]]>([
  ["lower-case CRC", telegram(dsmr5Lines, "lower"), ["ok"]],
  ["NULs and garbage after the CRC", Buffer.concat([telegram(dsmr5Lines, "padded", "\0\0~x"), good]), ["ok", "ok"]],
  ["no line end after the CRC", telegram(dsmr5Lines, "padded", ""), ["ok"]],
  ["no CRC", telegram(dsmr2Lines, "none"), ["unchecked"]],
  [
    "no CRC and no line end, then the next telegram",
    Buffer.concat([telegram(dsmr2Lines, "none", ""), good]),
    ["unchecked", "ok"],
  ],
  ["two back to back", Buffer.concat([good, good]), ["ok", "ok"]],
  ["noise, then good", Buffer.concat([Buffer.from("\xff\x00!12\r\nkWh)\r\n!ABCD\r\n", "latin1"), good]), ["ok"]],
  ["truncated in a value, then good", Buffer.concat([good.subarray(0, 231), good]), ["p1-truncated", "ok"]],
  ["a start in the middle", Buffer.concat([good.subarray(300), good]), ["ok"]],
  ["line ends lost", Buffer.from(good.toString("latin1").replaceAll("\r\n", "\n"), "latin1"), ["p1-bad-crc"]],
  ["a CRC digit turned into something else", Buffer.from(good.toString("latin1").replace(/!./, "!?"), "latin1"), ["p1-bad-crc"]],
])("%s", (_, bytes, expected) => expect(kinds(bytes)).toEqual(expected));

it("accepts a CRC without its leading zero, and no other short one", () => {
  let at = 0;
  let lines = dsmr5Lines;
  for (; bitwiseCrc16(telegram(lines, "none", "")) > 0x0fff; at++) lines = [...dsmr5Lines, `0-0:96.13.1(${at})`];
  expect(telegram(lines, "unpadded").length).toBeLessThan(telegram(lines).length);
  expect(kinds(telegram(lines, "unpadded"))).toEqual(["ok"]);
  const cut = Buffer.from(telegram(dsmr5Lines, "padded", "").subarray(0, -1));
  expect(kinds(Buffer.concat([cut, Buffer.from("\r\n")]))).toEqual(["p1-bad-crc"]);
});

it("gives the same frames however the bytes are cut into chunks", () => {
  const stream = Buffer.concat([good.subarray(400), good, telegram(dsmr2Lines, "none"), good.subarray(0, 99), good]);
  const whole = frames(stream);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      expect(frames(...chunks)).toEqual(whole);
    }),
  );
});

it("never gives a telegram with one byte changed as checked, unless its bytes are the true ones", () => {
  const truth = good.toString("latin1").trimEnd().toUpperCase();
  const check = (at: number, xor: number): void => {
    const hurt = Buffer.from(good);
    hurt[at] = (hurt[at] ?? 0) ^ xor;
    for (const frame of frames(hurt)) if (frame.is === "ok") expect(frame.bytes.toUpperCase()).toBe(truth);
  };
  for (let at = 0; at < good.length; at++) for (let bit = 0; bit < 8; bit++) check(at, 1 << bit);
  fc.assert(fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), check), { numRuns: 3000 });
});

it("says too long and goes on when no end comes", () => {
  const endless = Buffer.concat([Buffer.from("/TST5\r\n"), Buffer.alloc(maxP1Bytes, "1"), good]);
  expect(kinds(endless)).toEqual(["p1-too-long", "ok"]);
});

it("keeps no more than one buffer under endless garbage and still finds the next telegram", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 4096 }), { maxLength: 30 }), (garbage) => {
      const found = frames(...garbage, Buffer.from("\r\n"), good);
      for (const frame of found) expect(frame.bytes.length).toBeLessThanOrEqual(maxP1Bytes);
      expect(found.at(-1)?.is).toBe("ok");
    }),
    { numRuns: 50 },
  );
});

it("reports no broken pieces for a row of slashes", () => {
  expect(kinds(Buffer.alloc(100_000, "/"))).toEqual([]);
});

it("forgets what was half read when the line opens again", () => {
  const found: string[] = [];
  const framer = p1Framer({ frame: () => found.push("ok"), rejected: ({ code }) => found.push(code) });
  framer.push(good.subarray(0, 200));
  framer.reset();
  framer.push(good.subarray(200));
  framer.push(good);
  expect(found).toEqual(["ok"]);
});
