import { writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { startCollector } from "../../agent/collect/collector.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { rejections } from "../../core/rejections.ts";
import type { MeterListener } from "../../drivers/meter/meter.ts";
import { readingOf } from "../fake/reading-of.ts";
import { silentLog } from "../fake/silent-log.ts";
import { startDelivery, type DeliveryFiles } from "./delivery.ts";

/**
 * A process to be killed: the agent's collector, store and delivery at full rate. Its meter says a reading for each 10 s of
 * a time of its own, as fast as rows go away. Says `run rows` on stdout after each commit. With "drain" it has no meter,
 * and ends when every row is receipted.
 */
const [json = "{}", mode = "ingest"] = process.argv.slice(2);
const stepMs = 10_000;
const startMs = Date.parse("2026-02-01T00:00:00Z");
const atOnce = 30;
const mostWaiting = 2400;

const log = silentLog();
const clock = realClock({ onError: (error) => process.stderr.write(`${String(error)}\n`) });
const ending = new AbortController();
const delivery = await startDelivery(JSON.parse(json) as DeliveryFiles, { clock, log });
const { outbox, db } = delivery;
const store = meterStore(db);
writeSync(1, `${outbox.boot} 0\n`);
// Silent from here on, it would not notice that whoever started it is gone.
process.stdin.resume().once("end", () => process.exit(1));
if (mode === "drain") {
  while (outbox.size() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await delivery.stop();
  process.exit(0);
}
let hear: MeterListener | undefined;
startCollector({
  meters: [{ kind: "push", name: "grid", start: (listener) => void (hear = listener), stop: () => Promise.resolve() }],
  roles: new Map([["grid", "grid"]]),
  store,
  outbox,
  atomically(writes) {
    delivery.atomically(writes);
    writeSync(1, `${outbox.boot} ${outbox.added()}\n`);
  },
  clock,
  log,
  rejections: rejections(log, () => clock.monotonicMs()),
  rules: { slotMinutes: 15, plausibleW: 20_000 },
  gridMeter: "grid",
  sharing: () => ({ intervalMs: stepMs, applianceDetail: false, trades: false }),
  commitEveryMs: () => 20,
  onReading: () => undefined,
  onSlots: delivery.pump,
  signal: ending.signal,
});
// Goes on where the store says that the last run was.
const before = store.ledger("grid");
for (let atMs = (before?.atMs ?? startMs) + stepMs; ;) {
  for (let reading = 0; reading < atOnce; reading++, atMs += stepMs)
    hear?.reading(readingOf({ receivedMs: atMs, importWh: Math.floor((atMs - startMs) / 7200) }));
  do await turn();
  while (outbox.size() > mostWaiting);
}
