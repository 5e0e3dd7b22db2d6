import { expect, it } from "vitest";
import { decodeBytes, longCapture } from "../../../drivers/decode/decode-bytes.ts";
import type { Decoded } from "../../../drivers/decode/decoded.ts";
import { hanStream, dsmr5Stream } from "../../../bench/meter-streams.ts";

const context = { zone: "CET" as const, receivedMs: 0 };

it.each([
  ["P1", dsmr5Stream(500).stream],
  ["HAN", hanStream(1200).stream],
])("decodes a long %s capture piece by piece as it does at once", (_, stream) => {
  // A hurt byte here and there.
  for (let at = 5000; at < stream.length; at += 50_000) stream[at] = (stream[at] ?? 0) ^ 1;
  const lines: Decoded[] = [];
  const decoder = longCapture(stream, context, (line) => void lines.push(line));
  for (let at = 0; at < stream.length; at += 1000) decoder?.push(stream.subarray(at, at + 1000));
  decoder?.end();
  expect(lines).toEqual(decodeBytes(stream, context));
  expect(lines.some(({ error }) => error !== undefined)).toBe(true);
});

it("leaves short ones, and those of no stream, to be decoded at once", () => {
  const none = (): void => undefined;
  expect(longCapture(dsmr5Stream(3).stream, context, none)).toBeNull();
});
