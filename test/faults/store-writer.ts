import { writeSync } from "node:fs";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase, type Db } from "../../agent/store/open-database.ts";
import { openOutbox, type Outbox } from "../../agent/store/outbox.ts";
import { readingOf } from "../fake/reading-of.ts";

/**
 * A process whose power is cut later, on paper: it writes as an agent does, through the agent's own store, and says on
 * stdout what is committed: `run rows delivered samples`. Opens and closes the database a few times on the way. What
 * fails is tried again, as the agent does with the next batch.
 */
const [file = "", transactions = "100", synchronous = "FULL"] = process.argv.slice(2);
const opens = 3;
const eachOpen = Math.ceil(Number(transactions) / opens);
const mostTries = 50;

function persistently<T>(work: () => T): T {
  for (let tries = 1; ; tries++)
    try {
      return work();
    } catch (error) {
      if (tries === mostTries) throw error;
    }
}

function open(boot: string, ordinal: number): { db: Db; outbox: Outbox } {
  const db = openDatabase(file);
  try {
    // Many checkpoints in a short recording.
    db.pragma("wal_autocheckpoint = 40");
    if (synchronous !== "FULL") db.pragma(`synchronous = ${synchronous}`);
    return { db, outbox: openOutbox(db, boot, ordinal) };
  } catch (error) {
    db.close();
    throw error;
  }
}

let samples = 0;
for (let run = 1; run <= opens; run++) {
  const boot = `run-${run}`;
  const { db, outbox } = persistently(() => open(boot, run));
  const meters = meterStore(db);
  let [rows, delivered] = [0, 0];
  const say = (): void => void writeSync(1, `${boot} ${rows} ${delivered} ${samples}\n`);
  const write = db.transaction((count: number) => {
    for (let second = 1; second <= 5; second++) {
      const atMs = (samples + second) * 1000;
      meters.addSamples([{ atMs, reading: readingOf({ receivedMs: atMs }) }]);
    }
    for (let row = 0; row < count; row++)
      outbox.add({ kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x".repeat(150) });
  });
  for (let at = 0; at < eachOpen; at++) {
    const count = 1 + (at % 3);
    persistently(() => write(count));
    rows += count;
    samples += 5;
    say();
    if (at % 20 !== 19) continue;
    outbox.delivered(boot, rows - 10);
    persistently(() => outbox.letGo());
    delivered = rows - 10;
    say();
  }
  // The last one is cut off as it stands.
  if (run < opens) db.close();
}
process.kill(process.pid, "SIGKILL");
