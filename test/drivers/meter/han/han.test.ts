import { expect, it } from "vitest";
import type { Reading } from "../../../../core/reading.ts";
import type { SerialSettings } from "../../../../drivers/bus/byte-bus.ts";
import type { ByteBus, ByteListener } from "../../../../drivers/bus/byte-bus.ts";
import type { DlmsKeys } from "../../../../drivers/meter/dlms/general-glo.ts";
import { han, hanSettings } from "../../../../drivers/meter/han/han.ts";
import { HanOptions } from "../../../../drivers/meter/han/han-options.ts";
import { serialCandidates } from "../../../../drivers/meter/serial-options.ts";
import type { RejectedFrame } from "../../../../drivers/meter/meter.ts";
import { generalGlo, testKeys } from "../../../fake/general-glo.ts";
import { hdlcFrame, hdlcSegments, mbusFrames } from "../../../fake/han-frame.ts";
import { aidonHour, aidonList, aidonPower, kamstrupHour, notification, structure, visible } from "../../../fake/han-list.ts";

function running(yaml: object = {}, keys?: DlmsKeys) {
  const options = HanOptions.parse(yaml);
  const heard = { readings: [] as Reading[], rejected: [] as RejectedFrame[], settings: [] as SerialSettings[] };
  const clock = { ms: 1000 };
  let line: ByteListener | undefined;
  const bus: ByteBus = {
    name: "fake",
    open(settings, listener) {
      heard.settings.push(settings);
      line = listener;
    },
    configure: (settings) => heard.settings.push(settings),
    write: () => undefined,
    close: async () => undefined,
  };
  han({
    name: "grid",
    bus,
    stamp: () => ({ receivedMs: clock.ms, clockSynced: true }),
    settings: serialCandidates(hanSettings, options),
    zone: options.zone,
    energyStepWh: options.energy_step_wh,
    keys,
  }).start({
    reading: (reading) => heard.readings.push(reading),
    rejected: (frame) => heard.rejected.push(frame),
    line: () => undefined,
  });
  if (!line) throw new Error("the meter did not open its bus");
  line.opened();
  return { heard, line, clock };
}

it("opens its line with 2400 8E1 and gives power between, counters on the hour", () => {
  const { heard, line } = running();
  line.data(Buffer.concat([hdlcFrame(aidonPower(280)), hdlcFrame(aidonList), hdlcFrame(aidonHour)]));
  expect(heard.settings).toEqual([{ baud: 2400, dataBits: 8, parity: "even", stopBits: 1 }]);
  expect(heard.readings.map(({ powerW, importWh, quality }) => [powerW, importWh, quality])).toEqual([
    [280, null, "valid"],
    [1412, null, "valid"],
    [1412, 12_345_670, "valid"],
  ]);
  expect(heard.readings[0]).toMatchObject({ meter: "grid", receivedMs: 1000, clockSynced: true });
});

it("takes speed, zone and energy step from the configuration", () => {
  const { heard, line } = running({ baud: 9600, parity: "none", zone: "EET", energy_step_wh: 1 });
  line.data(hdlcFrame(kamstrupHour()));
  expect(heard.settings).toEqual([{ baud: 9600, dataBits: 8, parity: "none", stopBits: 1 }]);
  expect(heard.readings).toMatchObject([{ importWh: 774_525, meterMs: Date.parse("2025-07-01T14:00:45Z") }]);
});

it("goes on to the next speed where nothing readable comes", () => {
  const { heard, line, clock } = running();
  line.data(Buffer.alloc(100, 0xfe));
  clock.ms += 30_000;
  line.data(Buffer.alloc(100, 0xfe));
  expect(heard.settings.at(-1)).toEqual({ baud: 2400, dataBits: 8, parity: "none", stopBits: 1 });
});

it("deciphers, lets each counter pass once, and no clear message where a key is set", () => {
  const { heard, line } = running({}, { encryptionKey: testKeys.encryptionKey });
  line.data(hdlcFrame(generalGlo(aidonList, { counter: 7, security: 0x20 })));
  for (const frame of mbusFrames(generalGlo(aidonHour, { counter: 8, security: 0x20 }))) line.data(frame);
  line.data(hdlcFrame(generalGlo(aidonList, { counter: 8, security: 0x20 })));
  line.data(hdlcFrame(aidonList));
  expect(heard.readings.map(({ quality, powerW }) => [quality, powerW])).toEqual([
    ["unchecked", 1412],
    ["unchecked", 1412],
  ]);
  expect(heard.rejected.map(({ code }) => code)).toEqual(["dlms-replayed-counter", "han-clear-frame"]);
  line.closed("unplugged");
  line.opened();
  line.data(hdlcFrame(aidonList));
  expect(heard.readings).toHaveLength(2);
});

it("believes nothing without tag where the keys promise one", () => {
  const { heard, line } = running({}, testKeys);
  line.data(hdlcFrame(generalGlo(aidonList, { counter: 7 })));
  line.data(hdlcFrame(generalGlo(aidonList, { counter: 8, security: 0x20 })));
  expect(heard.readings.map(({ quality }) => quality)).toEqual(["valid"]);
  expect(heard.rejected.map(({ code }) => code)).toEqual(["dlms-downgraded"]);
});

it("does not let a frame that cannot be read lock its counter", () => {
  const { heard, line } = running({}, testKeys);
  line.data(hdlcFrame(generalGlo(Buffer.from("no list, but a counter far ahead"), { counter: 4_000_000_000, security: 0x20 })));
  line.data(hdlcFrame(generalGlo(aidonList, { counter: 3 })));
  expect([heard.rejected.map(({ code }) => code), heard.readings.length]).toEqual([["han-bad-data"], 1]);
});

it("makes no message of the head of one and the tail of another that came after a pause", () => {
  const { heard, line, clock } = running();
  const [head = aidonHour, ...tail] = hdlcSegments(aidonHour, 200);
  line.data(head);
  clock.ms += 4_000;
  for (const segment of tail) line.data(segment);
  expect([heard.readings.length, heard.rejected]).toEqual([1, []]);
  line.data(head);
  clock.ms += 10_000;
  for (const segment of tail) line.data(segment);
  expect(heard.readings).toHaveLength(1);
  expect(new Set(heard.rejected.map(({ code }) => code))).toEqual(new Set(["han-missing-segment"]));
});

it("does not believe a message of which a segment came twice", () => {
  const { heard, line } = running();
  for (const [at, segment] of hdlcSegments(aidonHour, 90).entries())
    line.data(at === 1 ? Buffer.concat([segment, segment]) : segment);
  line.data(hdlcFrame(aidonList));
  expect([heard.rejected.map(({ code }) => code), heard.readings.length]).toEqual([["han-bad-data"], 1]);
});

it("does not believe a ciphered message without tag of which a segment came twice", () => {
  const { heard, line } = running({}, { encryptionKey: testKeys.encryptionKey });
  const ciphered = generalGlo(aidonHour, { counter: 5, security: 0x20 });
  for (const [at, segment] of hdlcSegments(ciphered, 90).entries())
    line.data(at === 2 ? Buffer.concat([segment, segment]) : segment);
  expect([heard.rejected.map(({ code }) => code), heard.readings.length]).toEqual([["han-bad-data"], 0]);
});

it("keeps what it does not believe, with its code", () => {
  const { heard, line } = running();
  const hurt = Buffer.from(hdlcFrame(aidonList));
  hurt[99] = (hurt[99] ?? 0) ^ 8;
  line.data(hurt);
  line.data(hdlcFrame(notification(structure(visible("only text")))));
  line.data(hdlcFrame(generalGlo(aidonList)));
  expect(heard.rejected.map(({ code }) => code)).toEqual(["han-bad-fcs", "meter-impossible-reading", "dlms-key-missing"]);
  expect(Buffer.from(heard.rejected[0]?.bytes ?? []).toString("hex")).toBe(hurt.subarray(0, -1).toString("hex"));
});

it("gives the true values or none when one byte of a frame is changed", () => {
  const good = hdlcFrame(aidonHour);
  const { heard, line } = running();
  line.data(good);
  const [truth] = heard.readings;
  for (let at = 0; at < good.length; at++)
    for (const xor of [1, 0x10, 0x80, 0xff]) {
      const once = running();
      const hurt = Buffer.from(good);
      hurt[at] = (hurt[at] ?? 0) ^ xor;
      once.line.data(hurt);
      for (const reading of once.heard.readings) expect(reading).toEqual(truth);
    }
});
