import { expect, it } from "vitest";
import { settingsText, type ByteBus, type ByteListener, type SerialSettings } from "../../../drivers/bus/byte-bus.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { listenSettings, probeBytes } from "../../../drivers/probe/probe-bytes.ts";
import { encodeHan } from "../../../simulator/meter/han-encoder.ts";
import { encodePush, iecMeter, type IecMeter } from "../../../simulator/meter/iec-meter.ts";
import { generalGlo } from "../../fake/general-glo.ts";
import { dsmr2Lines, dsmr5Lines, telegram } from "../../fake/p1-telegram.ts";

const han = encodeHan({
  meterId: "7350000000000024",
  localS: Date.UTC(2026, 2, 3, 4, 5, 10) / 1000,
  deviationMinutes: -60,
  importWh: 1000,
  exportWh: 0,
  powerW: 500,
  phases: [],
});

/** What is at the other end of the line. */
interface Meter {
  /** Speaks by itself under this setting. */
  pushes?: { bytes: Uint8Array; everyMs: number; settings: string };
  /** What comes under any other setting. */
  garbage?: (byte: number) => number;
  optical?: IecMeter;
}

/** Probes a line in fake time, on which every byte takes no time and every setting matters. */
async function probed(meter: Meter, options: { fixedSpeed?: boolean; abortMs?: number } = {}) {
  const clock = fakeClock(0);
  const stop = new AbortController();
  const end = new AbortController();
  let now: SerialSettings | undefined;
  let listener: ByteListener | undefined;
  const garbage = meter.garbage ?? ((byte: number) => (byte * 5) & 0x7f);
  const say = (bytes: Uint8Array, settings: string): void => {
    const fits = options.fixedSpeed === true || (now !== undefined && settingsText(now) === settings);
    listener?.data(fits ? bytes : bytes.map(garbage));
  };
  const { pushes, optical } = meter;
  if (pushes) clock.every(pushes.everyMs, () => say(pushes.bytes, pushes.settings), end.signal);
  let baud = 300;
  const hear =
    optical &&
    iecMeter(optical, {
      send: (bytes) => say(bytes, `${baud} 7E1`),
      speed: (wanted) => (baud = options.fixedSpeed ? 300 : wanted),
      after: (ms, job) => clock.after(ms + 210, job, end.signal),
    });
  const bus: ByteBus = {
    name: "line",
    ...(options.fixedSpeed && { fixedSpeed: true }),
    open(settings, heard) {
      now = settings;
      listener = heard;
      heard.opened();
    },
    configure: (settings) => (now = settings),
    write: (bytes) => {
      if (now?.baud === 300 || now?.baud === baud) hear?.(bytes);
    },
    close: () => Promise.resolve(),
  };
  if (options.abortMs !== undefined) clock.after(options.abortMs, () => stop.abort(), end.signal);
  const trying: string[] = [];
  let over = false;
  const result = probeBytes({
    bus,
    place: { kind: "serial", path: "/dev/line" },
    listenMs: 12_000,
    after: clock.after,
    signal: stop.signal,
    trying: (what) => trying.push(what),
  }).finally(() => (over = true));
  while (!over) {
    await clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  end.abort();
  return { ...(await result), trying, tookMs: clock.monotonicMs() };
}

it("tries each known setting once, and first those under which any meter is heard", () => {
  const texts = listenSettings().map(settingsText);
  expect(texts.slice(0, 3)).toEqual(["115200 8N1", "9600 7E1", "2400 8E1"]);
  expect(texts.toSorted()).toEqual([...new Set(texts)].toSorted());
  expect(texts).toEqual(expect.arrayContaining(["115200 8E1", "38400 8N1", "2400 8N1", "9600 8N1", "2400 7E1"]));
});

it.each<[string, Meter, object]>([
  [
    "a P1 meter of today",
    { pushes: { bytes: telegram(dsmr5Lines), everyMs: 1000, settings: "115200 8N1" } },
    { family: "p1", meter: "TST5\\2M4410E-0001", driver: { driver: "dsmr", baud: 115_200, data_bits: 8, parity: "none" } },
  ],
  [
    "an old P1 meter",
    { pushes: { bytes: telegram(dsmr2Lines, "none"), everyMs: 10_000, settings: "9600 7E1" } },
    { family: "p1", driver: { driver: "dsmr", baud: 9600, data_bits: 7, parity: "even", stop_bits: 1 } },
  ],
  [
    "a P1 meter that encrypts",
    { pushes: { bytes: generalGlo(telegram(dsmr5Lines), { counter: 1 }), everyMs: 10_000, settings: "115200 8N1" } },
    { family: "p1", driver: { encryption_key_file: "meter.key" }, note: expect.stringContaining("encrypts") as string },
  ],
  [
    "a HAN meter",
    { pushes: { bytes: han, everyMs: 10_000, settings: "2400 8N1" } },
    { family: "han", driver: { driver: "han", baud: 2400, parity: "none" } },
  ],
  [
    "an IEC meter that pushes",
    { pushes: { bytes: encodePush("SIM0PUSH-1", ["1.8.0(1.5*kWh)"]), everyMs: 5000, settings: "2400 7E1" } },
    { family: "iec62056-21", meter: "SIM0PUSH-1", driver: { driver: "iec62056_21", mode: "D", baud: 2400, data_bits: 7 } },
  ],
  [
    "an IEC meter that is asked",
    { optical: { ident: "SIM5OPT-1", lines: ["1.8.0(1.5*kWh)"] } },
    { family: "iec62056-21", meter: "SIM5OPT-1", driver: { driver: "iec62056_21" }, note: null },
  ],
  [
    "an IEC meter whose readout is always damaged",
    {
      optical: {
        ident: "SIM5OPT-1",
        lines: ["1.8.0(1.5*kWh)"],
        hurt: (bytes) => Buffer.from(bytes.map((byte, at) => byte ^ (at === 9 ? 1 : 0))),
      },
    },
    { family: "iec62056-21", meter: "SIM5OPT-1", note: expect.stringContaining("check character") as string },
  ],
])("finds %s", async (_, meter, expected) => expect((await probed(meter)).found).toMatchObject(expected));

it("tries no more settings on a silent line than tell, then asks, with a wake-up at last", async () => {
  const { found, heard, trying } = await probed({});
  expect(found).toBeUndefined();
  expect(heard.map(({ bytes }) => bytes)).toEqual([0, 0, 0]);
  expect(trying.slice(3)).toEqual([
    "IEC 62056-21 sign-on at 300 7E1",
    "IEC 62056-21 sign-on at 9600 7E1",
    "IEC 62056-21 sign-on at 300 7E1 after a wake-up",
  ]);
});

it("leaves a setting after two bursts of garbage, and keeps what it heard", async () => {
  const inverted = { bytes: telegram(dsmr5Lines), everyMs: 1000, settings: "never" };
  const { found, heard, tookMs } = await probed({ pushes: inverted, garbage: (byte) => ~byte & 0xff });
  expect(found).toBeUndefined();
  expect(heard).toHaveLength(listenSettings().length);
  expect(heard[0]?.highBytes).toBeGreaterThan(500);
  expect(heard[0]?.sample).toMatch(/^[0-9a-f]{96}$/);
  expect(tookMs).toBeLessThan(60_000);
});

it("listens once on a socket, then asks once", async () => {
  const { trying, found } = await probed({ optical: { ident: "SIM5OPT-1", lines: ["1.8.0(1.5*kWh)"] } }, { fixedSpeed: true });
  expect(trying).toEqual(["listening at the socket", "IEC 62056-21 sign-on at the socket"]);
  expect(found).toMatchObject({ meter: "SIM5OPT-1", driver: { driver: "iec62056_21" } });
});

it("ends at once when it is told to", async () => {
  const { found, tookMs } = await probed({}, { abortMs: 3000 });
  expect(found).toBeUndefined();
  expect(tookMs).toBeLessThan(3500);
});
