import { expect, it, onTestFinished } from "vitest";
import { startCollector } from "../../../agent/collect/collector.ts";
import type { Sharing } from "../../../agent/consents.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { openOutbox } from "../../../agent/store/outbox.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { Reading } from "../../../core/reading.ts";
import { rejections } from "../../../core/rejections.ts";
import { AppError } from "../../../core/app-error.ts";
import type { Meter, MeterListener } from "../../../drivers/meter/meter.ts";
import { openStore } from "../../fake/open-store.ts";
import { readingOf } from "../../fake/reading-of.ts";
import { FrameError } from "../../../drivers/bus/frame-error.ts";
import { silentLog } from "../../fake/silent-log.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");

/** A collector with a grid meter that the test speaks for, and where asked for a polled sub-meter. */
function collecting(
  options: { slotMinutes?: number; sharing?: Partial<Sharing>; store?: ReturnType<typeof openStore>; pump?: true } = {},
) {
  const db = options.store ?? openStore();
  const store = meterStore(db);
  const clock = fakeClock(startMs);
  const log = silentLog();
  const refused = rejections(log, () => 0);
  const outbox = openOutbox(db, `boot ${Math.random()}`, clock.now());
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let listener: MeterListener | undefined;
  let polled: Reading | AppError = readingOf({ meter: "pump", receivedMs: startMs, importWh: 7, exportWh: null });
  let failWrites: boolean | "at once" = false;
  const meters: Meter[] = [{ kind: "push", name: "grid", start: (given) => (listener = given), stop: () => Promise.resolve() }];
  if (options.pump)
    meters.push({
      kind: "poll",
      name: "pump",
      pollMs: 60_000,
      read: () => (polled instanceof AppError ? Promise.reject(polled) : Promise.resolve({ ...polled, receivedMs: clock.now() })),
    });
  const seen: number[] = [];
  const collector = startCollector({
    meters,
    roles: new Map([
      ["grid", "grid"],
      ["pump", "load"],
    ]),
    store,
    outbox,
    atomically(writes) {
      db.transaction(() => {
        if (failWrites === "at once") throw new AppError("store-full", "disk full");
        writes();
        if (failWrites) throw new AppError("store-full", "disk full");
      })();
    },
    clock,
    log,
    rejections: refused,
    rules: { slotMinutes: options.slotMinutes ?? 15, plausibleW: 20_000 },
    gridMeter: "grid",
    sharing: () => ({ intervalMs: 900_000, applianceDetail: false, trades: false, ...options.sharing }),
    commitEveryMs: () => 10_000,
    onReading: ({ powerW }) => seen.push(powerW ?? -1),
    onSlots: () => undefined,
    signal: ending.signal,
  });
  /** A reading so many seconds later than the last. */
  const hear = async (afterS: number, importWh: number, change: Partial<Reading> = {}): Promise<void> => {
    await clock.advance(afterS * 1000);
    listener?.reading(readingOf({ receivedMs: clock.now(), importWh, exportWh: null, ...change }));
  };
  const rows = () => outbox.next(undefined, 500)?.items ?? [];
  return {
    db,
    store,
    clock,
    log,
    refused,
    collector,
    hear,
    rows,
    seen,
    reject: (bytes: Buffer) => listener?.rejected({ meter: "grid", code: "p1-bad-crc", message: "CRC", bytes }),
    line: (state: "open" | "closed") => listener?.line(state, "/dev/ttyUSB0"),
    poll: (next: typeof polled) => (polled = next),
    failWrites: (fails: typeof failWrites) => (failWrites = fails),
  };
}

it("commits readings in batches and slots at once, and only slots leave the house without consent", async () => {
  const { hear, store, rows } = collecting();
  await hear(0, 1000);
  await hear(5, 1001);
  expect(store.sampleCount()).toBe(0);
  await hear(5, 1002);
  expect(store.sampleCount()).toBe(2);
  for (let at = 1; at <= 89; at++) await hear(10, 1002 + at);
  expect(store.slots("grid", "import", startMs, startMs + 1)).toMatchObject([{ wh: 91, quality: "valid" }]);
  expect(rows()).toEqual([
    {
      kind: "slot",
      seq: 1,
      meter: "grid",
      role: "grid",
      register: "import",
      start: "2026-04-02T10:00:00.000Z",
      end: "2026-04-02T10:15:00.000Z",
      wh: 91,
      quality: "valid",
      clockSynced: true,
    },
  ]);
});

it("shares one sample of the grid meter per interval, and other meters' slots only with consent", async () => {
  const shared = collecting({ pump: true, sharing: { intervalMs: 300_000, applianceDetail: true, trades: false } });
  for (let at = 0; at <= 95; at++) await shared.hear(10, 1000 + at);
  const items = shared.rows();
  expect(items.flatMap((item) => (item.kind === "sample" ? [item.at.slice(11, 19)] : []))).toEqual([
    "10:00:10",
    "10:05:00",
    "10:10:00",
    "10:15:00",
  ]);
  expect(items.flatMap((item) => (item.kind === "slot" ? [`${item.meter} ${item.role}`] : [])).toSorted()).toEqual([
    "grid grid",
    "pump load",
  ]);
});

it("lets slots finer than a quarter of an hour out only where readings may leave the house", async () => {
  const [kept, shared] = [collecting({ slotMinutes: 5 }), collecting({ slotMinutes: 5, sharing: { intervalMs: 60_000 } })];
  for (const house of [kept, shared]) for (let at = 0; at <= 62; at++) await house.hear(10, 1000 + at);
  const slots = (house: typeof kept): number => house.rows().filter(({ kind }) => kind === "slot").length;
  expect([slots(kept), slots(shared)]).toEqual([0, 2]);
});

it("counts what is not booked, keeps control from believing it, and keeps rejected frames", async () => {
  const { hear, refused, collector, clock, db, reject, seen } = collecting();
  await hear(0, 1000, { powerW: 700 });
  await hear(10, 0, { powerW: 1 });
  await hear(10, 1000, { powerW: 2, quality: "suspect" });
  await hear(0, 1000, { powerW: 3 });
  reject(Buffer.from("/half a telegram"));
  expect(seen).toEqual([700, 3]);
  expect(collector.latest("grid")).toMatchObject({ reading: { powerW: 3 }, ageMs: 0 });
  await clock.advance(61_000);
  expect(collector.latest("grid")?.ageMs).toBe(61_000);
  expect(refused.counts()).toMatchObject({ "counter-backwards": 1, "reading-suspect": 1, "p1-bad-crc": 1 });
  expect(db.prepare("select code, bytes from rejected_frame").all()).toEqual([
    { code: "p1-bad-crc", bytes: Buffer.from("/half a telegram") },
  ]);
});

it.each([[-30], [-180], [-365 * 24 * 60]])(
  "lets control follow a meter that speaks while a clock that went %d minutes back keeps it from being booked",
  async (minutes) => {
    const { hear, clock, collector, seen, refused } = collecting();
    await hear(0, 1000, { powerW: 500 });
    clock.jump(minutes * 60_000);
    for (const powerW of [600, 700]) await hear(10, 1000, { powerW });
    expect([seen, collector.latest("grid")?.reading.powerW, collector.latest("grid")?.ageMs]).toEqual([[500, 600, 700], 700, 0]);
    expect([collector.readings(), Object.values(refused.counts())]).toEqual([1, [2]]);
    // What cannot be true stays out.
    await hear(10, 1000, { powerW: 800, quality: "suspect" });
    expect(seen).toHaveLength(3);
  },
);

it("polls at once, and then on round times, so that a reading falls on the end of each slot", async () => {
  const { clock, poll, store, collector } = collecting({ pump: true });
  poll(readingOf({ meter: "pump", receivedMs: 0, importWh: 7, exportWh: null }));
  await clock.advance(1);
  expect(collector.readings()).toBe(1);
  await clock.advance(900_000);
  await collector.stop();
  expect(store.slots("pump", "import", startMs, startMs + 1)).toMatchObject([{ quality: "valid", wh: 0 }]);
});

it("polls meters, counts one that does not answer and goes on", async () => {
  const { clock, poll, refused, collector, store, db } = collecting({ pump: true });
  poll(new AppError("modbus-timeout", "no answer"));
  await clock.advance(60_000);
  expect([collector.latest("pump"), refused.counts()]).toEqual([undefined, { "modbus-timeout": 2 }]);
  poll(new FrameError("iec-bad-bcc", "hurt", Buffer.from("1.8.0(1")));
  await clock.advance(60_000);
  await clock.advance(61_000);
  expect(refused.counts()).toEqual({ "modbus-timeout": 2, "iec-bad-bcc": 2 });
  expect(db.prepare("select meter, code, bytes from rejected_frame limit 1").all()).toEqual([
    { meter: "pump", code: "iec-bad-bcc", bytes: Buffer.from("1.8.0(1") },
  ]);
  poll(readingOf({ meter: "pump", receivedMs: 0, importWh: 7, exportWh: null }));
  await clock.advance(120_000);
  await collector.stop();
  expect([collector.readings(), store.sampleCount()]).toEqual([2, 2]);
});

it("loses neither samples nor slots when a write fails, and leaves no gap in the outbox", async () => {
  const { hear, failWrites, store, rows, log, clock } = collecting();
  await hear(0, 1000);
  for (let at = 1; at <= 89; at++) await hear(10, 1000 + at);
  failWrites(true);
  await hear(10, 1090);
  await hear(10, 1091);
  await clock.advance(20_000);
  expect(store.slots("grid", "import", startMs, startMs + 900_000)).toEqual([]);
  expect(log.lines.some(({ fields }) => fields["code"] === "store-full")).toBe(true);
  failWrites(false);
  await clock.advance(10_000);
  expect(store.slots("grid", "import", startMs, startMs + 900_000)).toMatchObject([{ wh: 90 }]);
  expect([store.sampleCount(), rows().map(({ seq }) => seq)]).toEqual([92, [1]]);
});

it("says once that the disk takes nothing, gives up only the oldest readings, and says when it is well again", async () => {
  const { hear, failWrites, refused, log, clock, store, collector } = collecting();
  failWrites("at once");
  for (let second = 0; second <= 10_100; second++) await hear(1, 1000 + second);
  expect(refused.counts()["samples-dropped"]).toBe(1);
  const said = (): string[] => log.lines.map(({ message }) => message).filter((message) => message.startsWith("readings"));
  expect(said()).toEqual(["readings could not be stored, kept in memory"]);
  failWrites(false);
  await clock.advance(10_000);
  // The energy of every slot is there, though half of the single readings are gone.
  const whole = store.slots("grid", "import", startMs, startMs + 10_100_000).slice(1);
  expect(whole.map(({ wh }) => wh)).toEqual(Array(whole.length).fill(900));
  expect(whole).toHaveLength(10);
  expect(store.sampleCount()).toBeLessThan(5400);
  expect(store.sampleCount()).toBeGreaterThan(5000);
  failWrites(true);
  await hear(1, 11_101);
  await clock.advance(10_000);
  expect(said()).toHaveLength(2);
  await collector.stop();
});

it("keeps no more samples than a meter can make, but books every reading", async () => {
  const { hear, clock, store, collector } = collecting();
  for (let number = 0; number < 1000; number++) await hear(0.01, 1000 + number);
  await clock.advance(10_000);
  expect([store.sampleCount(), collector.readings()]).toEqual([20, 1000]);
});

it("goes on with the open slot after a restart", async () => {
  const first = collecting();
  await first.hear(0, 1000);
  await first.hear(300, 1050);
  await first.collector.stop();
  const second = collecting({ store: first.db });
  await second.hear(600, 1100);
  await second.hear(300, 1150);
  expect(second.store.slots("grid", "import", startMs, startMs + 900_000)).toMatchObject([{ wh: 150, quality: "estimated" }]);
});

it("says once that a line is closed, however often it is tried again", () => {
  const { line, log } = collecting();
  for (const state of ["closed", "closed", "closed", "open", "closed"] as const) line(state);
  expect(log.lines.map(({ message }) => message)).toEqual(Array<string>(2).fill("meter line closed, trying again"));
});

it("writes rejected frames with the next batch, a bounded number, however noisy the line", async () => {
  const { reject, clock, db } = collecting();
  const kept = () => (db.prepare("select count(*) as n from rejected_frame").get() as { n: number }).n;
  for (let at = 0; at < 1000; at++) reject(Buffer.from("noise"));
  expect(kept()).toBe(0);
  await clock.advance(10_000);
  expect(kept()).toBe(25);
});
