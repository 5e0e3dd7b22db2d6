import fc from "fast-check";
import { expect, it } from "vitest";
import type { Reading } from "../../../../core/reading.ts";
import type { ByteBus, ByteListener } from "../../../../drivers/bus/byte-bus.ts";
import { dsmr, p1Settings } from "../../../../drivers/meter/dsmr/dsmr.ts";
import { DsmrOptions } from "../../../../drivers/meter/dsmr/dsmr-options.ts";
import { serialCandidates } from "../../../../drivers/meter/serial-options.ts";
import type { DlmsKeys } from "../../../../drivers/meter/dlms/general-glo.ts";
import { generalGlo, testKeys } from "../../../fake/general-glo.ts";
import type { RejectedFrame } from "../../../../drivers/meter/meter.ts";
import { dsmr2Lines, dsmr5Lines, telegram } from "../../../fake/p1-telegram.ts";

function running(keys?: DlmsKeys, fixedSpeed = false) {
  const time = { ms: 1000 };
  const options = DsmrOptions.parse({});
  const heard = { readings: [] as Reading[], rejected: [] as RejectedFrame[], line: [] as string[], settings: {}, closed: false };
  let line: ByteListener | undefined;
  const bus: ByteBus = {
    name: "fake",
    fixedSpeed,
    open(settings, listener) {
      heard.settings = settings;
      line = listener;
    },
    configure: (settings) => (heard.settings = settings),
    write: () => undefined,
    close: async () => void (heard.closed = true),
  };
  const meter = dsmr({
    name: "grid",
    bus,
    stamp: () => ({ receivedMs: time.ms, clockSynced: false }),
    settings: serialCandidates(p1Settings, options),
    zone: options.zone,
    keys,
  });
  meter.start({
    reading: (reading) => heard.readings.push(reading),
    rejected: (frame) => heard.rejected.push(frame),
    line: (state) => heard.line.push(state),
  });
  if (!line) throw new Error("the meter did not open its bus");
  line.opened();
  return { heard, line, meter, time };
}

it("opens its line with 115200 8N1 and stamps what it hears", async () => {
  const { heard, line, meter } = running();
  line.data(telegram(dsmr5Lines));
  expect(heard.settings).toEqual({ baud: 115_200, dataBits: 8, parity: "none", stopBits: 1 });
  expect(heard.readings).toMatchObject([{ meter: "grid", receivedMs: 1000, clockSynced: false, quality: "valid" }]);
  await meter.stop();
  expect(heard.closed).toBe(true);
});

it("goes through the known speeds and parities while bytes come that make no telegram, and stays with what fits", () => {
  const { heard, line, time } = running();
  const garbage = Buffer.from(Array.from({ length: 50 }, (_, at) => 0x80 | (at * 7)));
  for (let second = 0; second < 30; second++) {
    time.ms += 1000;
    line.data(garbage);
  }
  expect(heard.settings).toEqual({ baud: 9600, dataBits: 7, parity: "even", stopBits: 1 });
  expect(heard.line).toEqual(["open", "searching"]);
  // What came is kept for whoever looks why.
  expect(heard.rejected).toMatchObject([{ meter: "grid", code: "meter-unknown-bytes" }]);
  expect(heard.rejected[0]?.bytes).toHaveLength(512);
  // A telegram that was half read at the old speed is forgotten.
  for (let second = 0; second < 600; second++) {
    time.ms += 1000;
    line.data(telegram(dsmr2Lines, "none"));
  }
  expect(heard.settings).toEqual({ baud: 9600, dataBits: 7, parity: "even", stopBits: 1 });
  expect(heard.readings).toHaveLength(600);
});

it("says on a socket what came there, and searches for no speed that it cannot change", () => {
  const { heard, line, time } = running(undefined, true);
  const [first, rest] = [telegram(dsmr5Lines).subarray(0, 40), telegram(dsmr5Lines).subarray(40)];
  for (let second = 0; second < 30; second++) {
    time.ms += 1000;
    line.data(Buffer.alloc(50, 0x81));
  }
  expect(heard.line).toEqual(["open"]);
  expect(heard.settings).toMatchObject({ baud: 115_200 });
  expect(heard.rejected.map(({ code, message }) => [code, message])).toEqual([
    ["meter-unknown-bytes", expect.stringContaining("set them at the box")],
  ]);
  // Nor is a telegram given up that is half there when the time for a speed would be over.
  line.data(first);
  time.ms += 60_000;
  line.data(rest);
  expect(heard.readings).toHaveLength(1);
});

it("believes nothing weaker than what its keys promise or the line has shown", () => {
  const plain = telegram(dsmr5Lines);
  const codes = (keys: DlmsKeys | undefined, ...frames: Buffer[]): unknown[] => {
    const { heard, line } = running(keys);
    for (const frame of frames) {
      line.data(frame);
      // A new line does not make a meter weaker.
      line.closed("unplugged");
      line.opened();
    }
    return [heard.readings.map(({ quality }) => quality), heard.rejected.map(({ code }) => code)];
  };
  const sealed = generalGlo(plain, { counter: 1 });
  const bare = generalGlo(plain, { counter: 2, security: 0x20 });
  const encryptionOnly = { encryptionKey: testKeys.encryptionKey };
  expect(codes(testKeys, sealed, bare, plain)).toEqual([["valid"], ["dlms-downgraded", "p1-clear-telegram"]]);
  expect(codes(testKeys, bare)).toEqual([[], ["dlms-downgraded"]]);
  expect(codes(testKeys, plain)).toEqual([[], ["p1-clear-telegram"]]);
  expect(codes(encryptionOnly, bare, plain)).toEqual([["unchecked"], ["p1-clear-telegram"]]);
  const luxembourg = generalGlo(plain, { counter: 1, authenticationKey: Buffer.from("00112233445566778899AABBCCDDEEFF", "hex") });
  expect(codes(encryptionOnly, luxembourg, bare)).toEqual([["valid"], ["dlms-downgraded"]]);
  expect(codes(undefined, plain)).toEqual([["valid"], []]);
});

it("marks telegrams without CRC unchecked", () => {
  const { heard, line } = running();
  line.data(telegram(dsmr2Lines, "none"));
  expect(heard.readings).toMatchObject([{ quality: "unchecked" }]);
});

it("rejects a telegram without CRC from a meter that sends one, until the line opens again", () => {
  const { heard, line } = running();
  line.data(telegram(dsmr5Lines));
  line.data(telegram(dsmr5Lines, "none"));
  expect(heard.rejected).toMatchObject([{ meter: "grid", code: "p1-crc-missing" }]);
  line.closed("unplugged");
  line.opened();
  line.data(telegram(dsmr2Lines, "none"));
  expect(heard.readings.map((reading) => reading.quality)).toEqual(["valid", "unchecked"]);
  expect(heard.line).toEqual(["open", "closed", "open"]);
});

it("keeps the bytes of a frame that says nothing", () => {
  const { heard, line } = running();
  const empty = telegram(["/TST5", "", "0-0:96.13.0()"]);
  line.data(empty);
  expect(heard.rejected[0]).toMatchObject({ code: "meter-impossible-reading" });
  expect(Buffer.from(heard.rejected[0]?.bytes ?? []).toString()).toBe(empty.toString().trimEnd());
});

it("throws nothing whatever a telegram says between its lines", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 20 }), (lines) => {
      const { heard, line } = running();
      line.data(
        telegram([...dsmr5Lines.slice(0, 12), ...lines.map((text) => text.replaceAll(/[/!\r\n]/g, "")), ...dsmr5Lines.slice(12)]),
      );
      expect(heard.readings).toHaveLength(1);
      expect(heard.readings[0]).toMatchObject({ importWh: 3_580_245 });
    }),
  );
});

it("gives the true values or none when one byte of the telegram is changed", () => {
  const good = telegram(dsmr5Lines);
  const truth = (() => {
    const { heard, line } = running();
    line.data(good);
    return heard.readings[0];
  })();
  const check = (at: number, xor: number): void => {
    const { heard, line } = running();
    const hurt = Buffer.from(good);
    hurt[at] = (hurt[at] ?? 0) ^ xor;
    line.data(hurt);
    for (const reading of heard.readings) expect({ ...reading, quality: "valid" }).toEqual(truth);
  };
  for (let at = 0; at < good.length; at++) check(at, 1 << (at % 8));
  fc.assert(fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), check), { numRuns: 2000 });
});
