import fc from "fast-check";
import { expect, it } from "vitest";
import { maxApduBytes } from "../../../../drivers/meter/han/apdu-assembler.ts";
import { hanFramer } from "../../../../drivers/meter/han/han-framer.ts";
import { generalGlo } from "../../../fake/general-glo.ts";
import { blocks, hdlcFrame, hdlcSegments, mbusFrame, mbusFrames } from "../../../fake/han-frame.ts";
import {
  aidonHour,
  aidonList,
  aidonPower,
  austria,
  kaifa1,
  notification,
  octets,
  structure,
  u32,
} from "../../../fake/han-list.ts";

interface Heard {
  is: string;
  bytes: string;
  offset: number;
}

/** What a framer makes of these chunks: "ok" or a code, with the bytes as hex. */
function frames(chunks: Uint8Array[], end = false): Heard[] {
  const found: Heard[] = [];
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const framer = hanFramer({
    frame: ({ bytes, checked, offset }) => found.push({ is: checked ? "ok" : "unchecked", bytes: hex(bytes), offset }),
    rejected: ({ code, bytes, offset }) => found.push({ is: code, bytes: hex(bytes), offset }),
  });
  for (const chunk of chunks) framer.push(chunk);
  if (end) framer.end();
  return found;
}
const kinds = (...parts: Uint8Array[]): string[] => frames([Buffer.concat(parts)]).map(({ is }) => is);
/** Messages that come out, by name. */
const names = new Map([
  [aidonHour.toString("hex"), "hour"],
  [aidonList.toString("hex"), "list"],
  [austria.toString("hex"), "austria"],
  [kaifa1.toString("hex"), "kaifa"],
]);
const what = (...parts: Uint8Array[]): string[] =>
  frames([Buffer.concat(parts)]).map(({ is, bytes }) => (is === "ok" ? (names.get(bytes) ?? "other") : is));

const hour = hdlcFrame(aidonHour);
const list = hdlcFrame(aidonList);
const flags = (count: number): Buffer => Buffer.alloc(count, 0x7e);
/** Without its closing flag, which the next frame's opening one is too. */
const open = (frame: Buffer): Buffer => frame.subarray(0, -1);
const hurt = (frame: Buffer, at: number, xor = 0x40): Buffer => {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] ?? 0) ^ xor;
  return copy;
};
const meant = (count: number): Buffer => notification(structure(octets(Buffer.alloc(count, 0x7e)), u32(0x7ea0_7e7e)));

it("gives the message without the frame around it, as a view with its place in the stream", () => {
  expect(frames([Buffer.concat([Buffer.of(0, 1), hour])])).toEqual([{ is: "ok", bytes: aidonHour.toString("hex"), offset: 2 }]);
});

it.each<[string, Buffer[], string[]]>([
  ["flags between frames", [flags(5), hour, flags(3), list], ["hour", "list"]],
  ["one flag for two frames", [open(hour), list], ["hour", "list"]],
  ["no closing flag at all", [open(hour)], ["hour"]],
  ["addresses of 1 and 1 bytes", [hdlcFrame(aidonList, { dest: [0x03], src: [0x05] })], ["list"]],
  ["addresses of 2 and 1 bytes", [hdlcFrame(aidonList, { dest: [0xce, 0xff], src: [0x03] })], ["list"]],
  ["addresses of 4 bytes", [hdlcFrame(aidonList, { dest: [2, 4, 6, 9], src: [8, 10, 12, 15] })], ["list"]],
  ["flags inside the message", [hdlcFrame(meant(40)), hour], ["other", "hour"]],
  ["frames without content, as a reply to a call", [hdlcFrame(Buffer.alloc(0), { llc: false }), hour], ["hour"]],
  [
    "noise before, between and behind",
    [Buffer.from("noise h~"), hour, Buffer.of(0x68, 1, 2, 0x7e, 0xa0, 0), list],
    ["hour", "list"],
  ],
  ["segments", hdlcSegments(aidonHour, 100), ["hour"]],
  ["segments that share their flags", hdlcSegments(aidonHour, 100).map(open), ["hour"]],
  ["two segmented messages", [...hdlcSegments(aidonHour, 90), ...hdlcSegments(aidonList, 50)], ["hour", "list"]],
  ["a block transfer, LLC in each frame", blocks(aidonHour, 119).map((block) => hdlcFrame(block)), ["hour"]],
  [
    "a block transfer, LLC in the first frame",
    blocks(aidonHour, 119).map((block, at) => hdlcFrame(block, { llc: at === 0 })),
    ["hour"],
  ],
  ["a block transfer of long blocks", blocks(meant(700), 300).map((block) => hdlcFrame(block)), ["other"]],
  ["two blocks in one frame", [hdlcFrame(Buffer.concat(blocks(aidonHour, 250)))], ["hour"]],
  ["M-Bus", mbusFrames(aidonList), ["list"]],
  ["M-Bus in two segments", mbusFrames(austria, 150), ["austria"]],
  ["M-Bus in twenty segments, whose numbers wrap", mbusFrames(aidonHour, 19), ["hour"]],
  ["M-Bus whose L wraps to more", [mbusFrame(aidonHour, 0x10), mbusFrame(aidonList, 0x10)], ["hour", "list"]],
  ["M-Bus, then HDLC", [...mbusFrames(austria), hour], ["austria", "hour"]],
])("reads %s", (_, parts, expected) => expect(what(...parts)).toEqual(expected));

it("reads a frame of 257 bytes whose L is 1, as the Sagemcom T210 sends it", () => {
  const frame = mbusFrame(notification(structure(octets(Buffer.alloc(242, 1)))), 0x10);
  expect([frame.length, frame[1]]).toEqual([257 + 6, 1]);
  expect(what(frame, ...mbusFrames(aidonList))).toEqual(["other", "list"]);
});

it("reads a frame whose L wraps though a stop byte stands where the shorter frame would end", () => {
  const frame = mbusFrame(notification(structure(octets(Buffer.alloc(200, 0x16)), octets(Buffer.alloc(90, 0x16)))), 0x10);
  expect([frame.length > 256 + 6, frame[(frame[1] ?? 0) + 5]]).toEqual([true, 0x16]);
  for (const size of [frame.length, 7])
    expect(frames([...pieces(frame, size), mbusFrame(aidonList, 0x10)]).map(({ is, bytes }) => names.get(bytes) ?? is)).toEqual([
      "ok",
      "list",
    ]);
});
const pieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));

it.each<[string, Buffer[], string[]]>([
  ["a byte of the message changed", [hurt(hour, 60), list], ["han-bad-fcs", "list"]],
  ["a byte of the header changed", [hurt(hour, 3), list], ["han-bad-fcs", "list"]],
  ["the length changed", [hurt(hour, 2, 1), list], ["han-bad-fcs", "list"]],
  ["the opening flag changed", [hurt(hour, 0), list], ["list"]],
  ["a truncated frame, then a whole one", [hour.subarray(0, 120), list], ["han-truncated", "list"]],
  ["a long frame cut early, then a short one", [hour.subarray(0, 30), hdlcFrame(kaifa1)], ["han-truncated", "kaifa"]],
  [
    "two truncated frames, then a whole one",
    [hour.subarray(0, 50), list.subarray(0, 60), hour],
    ["han-truncated", "han-truncated", "hour"],
  ],
  ["a start in the middle", [hour.subarray(200), list], ["list"]],
  [
    "a segment hurt",
    [
      hdlcSegments(aidonHour, 100)[0] ?? list,
      hurt(hdlcSegments(aidonHour, 100)[1] ?? list, 50),
      ...hdlcSegments(aidonHour, 100).slice(2),
      list,
    ],
    ["han-bad-fcs", "han-missing-segment", "han-missing-segment", "han-missing-segment", "list"],
  ],
  ["the first segment lost", [...hdlcSegments(aidonHour, 200).slice(1), list], ["han-missing-segment", "list"]],
  ["the last segment lost", [...hdlcSegments(aidonHour, 200).slice(0, -1), list], ["han-missing-segment", "list"]],
  [
    "bytes of a segment lost with its flag",
    [
      hdlcSegments(aidonHour, 150)[0] ?? list,
      (hdlcSegments(aidonHour, 150)[1] ?? list).subarray(9),
      ...hdlcSegments(aidonHour, 150).slice(2),
      list,
    ],
    ["han-missing-segment", "han-missing-segment", "list"],
  ],
  [
    "a block lost",
    [
      ...blocks(aidonHour, 100)
        .filter((_, at) => at !== 1)
        .map((block) => hdlcFrame(block)),
      list,
    ],
    ["han-missing-segment", "han-missing-segment", "han-missing-segment", "list"],
  ],
  [
    "the last block lost",
    [
      ...blocks(aidonHour, 200)
        .slice(0, -1)
        .map((block) => hdlcFrame(block)),
      list,
    ],
    ["han-missing-segment", "list"],
  ],
  [
    "a block hurt, and the first of the next transfer",
    [
      hdlcFrame(blocks(aidonHour, 250)[0] ?? list),
      hurt(hdlcFrame(blocks(aidonHour, 250)[1] ?? list), 50),
      hurt(hdlcFrame(blocks(aidonList, 250)[0] ?? list), 50),
      hdlcFrame(blocks(aidonHour, 250)[1] ?? list),
      list,
    ],
    ["han-bad-fcs", "han-missing-segment", "han-bad-fcs", "han-missing-segment", "list"],
  ],
  [
    "bytes of a block lost with its flag",
    [hdlcFrame(blocks(aidonHour, 250)[0] ?? list), hour.subarray(20, 90), hdlcFrame(blocks(aidonHour, 250)[1] ?? list), list],
    ["han-missing-segment", "han-missing-segment", "list"],
  ],
  [
    "a segment of a block twice",
    [
      ...hdlcSegments(blocks(aidonHour, 900)[0] ?? list, 90).flatMap((segment, at) =>
        at === 1 ? [segment, segment] : [segment],
      ),
      list,
    ],
    ["han-bad-data", "list"],
  ],
  [
    "a block shorter than it says",
    [hdlcFrame((blocks(aidonHour, 100)[0] ?? list).subarray(0, 60)), list],
    ["han-truncated", "list"],
  ],
  [
    "M-Bus sum wrong",
    [hurt(mbusFrame(aidonList, 0x10), 40), mbusFrame(austria.subarray(0, 90), 0x10)],
    ["han-bad-checksum", "other"],
  ],
  [
    "M-Bus truncated, then whole",
    [mbusFrame(aidonList, 0x10).subarray(0, 70), mbusFrame(aidonList, 0x10)],
    ["han-truncated", "list"],
  ],
  [
    "an M-Bus segment lost",
    [...mbusFrames(austria, 50).filter((_, at) => at !== 1), ...mbusFrames(aidonList)],
    [
      "han-missing-segment",
      ...mbusFrames(austria, 50)
        .slice(3)
        .map(() => "han-missing-segment"),
      "list",
    ],
  ],
])("%s", (_, parts, expected) => expect(what(...parts)).toEqual(expected));

it("says where a ciphered message is", () => {
  const found: (number | undefined)[] = [];
  const framer = hanFramer({ frame: ({ cipherAt }) => found.push(cipherAt), rejected: ({ code }) => expect(code).toBe("") });
  framer.push(
    Buffer.concat([
      hdlcFrame(generalGlo(aidonHour)),
      ...hdlcSegments(generalGlo(aidonHour), 120),
      ...mbusFrames(generalGlo(austria)),
    ]),
  );
  framer.push(hour);
  expect(found).toEqual([0, 0, 0, undefined]);
});

it("gives the same frames however the bytes are cut into chunks", () => {
  const stream = Buffer.concat([
    hour.subarray(150),
    open(list),
    hurt(hour, 90),
    ...hdlcSegments(aidonHour, 100),
    hour.subarray(0, 99),
    hour.subarray(0, 30),
    ...blocks(aidonHour, 119).map((block, at) => hdlcFrame(block, { llc: at === 0 })),
    hdlcFrame(meant(90)),
    ...mbusFrames(austria, 100),
    hurt(mbusFrame(aidonList, 0x10), 44),
    mbusFrame(aidonHour, 0x10),
    mbusFrame(aidonList, 0x10).subarray(0, 33),
    mbusFrame(aidonList, 0x10),
    list,
  ]);
  const whole = frames([stream]);
  expect(whole.filter(({ is }) => is === "ok")).toHaveLength(8);
  const check = (cuts: number[]): void => {
    const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
    expect(frames(at.slice(1).map((end, index) => stream.subarray(at[index], end)))).toEqual(whole);
  };
  check(Array.from(stream.keys()));
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), check));
});

it.each([
  ["HDLC", hour],
  ["segmented HDLC", Buffer.concat(hdlcSegments(aidonHour, 120))],
  ["M-Bus", Buffer.concat(mbusFrames(aidonHour))],
])("never gives another message when one byte of %s is changed", (_, stream) => {
  const truth = aidonHour.toString("hex");
  const check = (at: number, xor: number): void => {
    for (const frame of frames([hurt(stream, at, xor)], true)) if (frame.is === "ok") expect(frame.bytes).toBe(truth);
  };
  for (let at = 0; at < stream.length; at++) for (let bit = 0; bit < 8; bit++) check(at, 1 << bit);
  fc.assert(fc.property(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 255 }), check), { numRuns: 2000 });
});

it("loses no whole frame behind one of which bytes were lost", () => {
  fc.assert(
    fc.property(fc.nat(hour.length - 1), fc.integer({ min: 1, max: hour.length }), (from, count) => {
      const cut = Buffer.concat([hour.subarray(0, from), hour.subarray(Math.min(hour.length, from + count))]);
      expect(what(cut, list, hdlcFrame(kaifa1)).slice(-2)).toEqual(["list", "kaifa"]);
    }),
  );
});

it("keeps no more than one frame under endless garbage and still finds the next one", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 4096 }), { maxLength: 30 }), (garbage) => {
      const found = frames([...garbage, hour]);
      for (const frame of found) expect(frame.bytes.length / 2).toBeLessThanOrEqual(2049);
      expect(found.at(-1)?.bytes).toBe(aidonHour.toString("hex"));
    }),
    { numRuns: 50 },
  );
});

it("gives up a message that never ends", () => {
  const endless = Array.from({ length: 8 }, (_, at) => hdlcFrame(Buffer.alloc(1900, at), { segmented: true, llc: at === 0 }));
  const found = kinds(...endless, list);
  expect(found[0]).toBe("han-too-long");
  expect(found.at(-1)).toBe("ok");
  const [first] = frames(endless);
  expect((first?.bytes.length ?? 0) / 2).toBeLessThan(maxApduBytes + 2048);
});

it("says what is half at the end", () => {
  expect(frames([hour.subarray(0, 100)], true).map(({ is }) => is)).toEqual(["han-truncated"]);
  expect(frames([Buffer.concat(hdlcSegments(aidonHour, 200).slice(0, 1))], true).map(({ is }) => is)).toEqual([
    "han-missing-segment",
  ]);
  expect(frames([hour, Buffer.of(0x7e, 0xa0)], true).map(({ is }) => is)).toEqual(["ok"]);
});

it("reads on behind an end, also a frame that the last flag opens", () => {
  const found: string[] = [];
  const framer = hanFramer({ frame: () => found.push("ok"), rejected: ({ code, offset }) => found.push(`${code} ${offset}`) });
  framer.push(hour);
  framer.end();
  framer.push(list.subarray(1));
  framer.push(hour.subarray(0, 40));
  framer.end();
  framer.push(hurt(hour, 60));
  framer.push(list);
  const second = hour.length + list.length - 1;
  expect(found).toEqual(["ok", "ok", `han-truncated ${second}`, `han-bad-fcs ${second + 40}`, "ok"]);
});

it("forgets what was half read when the line opens again", () => {
  const found: string[] = [];
  const framer = hanFramer({ frame: () => found.push("ok"), rejected: ({ code }) => found.push(code) });
  const [first = hour, second = hour] = hdlcSegments(aidonPower(5), 10);
  framer.push(Buffer.concat([first, hour.subarray(0, 200)]));
  framer.reset();
  framer.push(hour.subarray(200));
  framer.push(second);
  framer.push(hour);
  expect(found).toEqual(["han-missing-segment", "ok"]);
});
