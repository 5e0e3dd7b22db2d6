import { writeSync } from "node:fs";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { openOutbox } from "../../agent/store/outbox.ts";
import { readingOf } from "../fake/reading-of.ts";

/**
 * A process whose power is cut later, on paper: it writes as an agent does, through the agent's own store, and says on
 * stdout what is committed: `run rows delivered samples`. Opens and closes the database a few times on the way.
 */
const [file = "", transactions = "100", synchronous = "FULL"] = process.argv.slice(2);
const opens = 3;
const eachOpen = Math.ceil(Number(transactions) / opens);
let samples = 0;
for (let run = 1; run <= opens; run++) {
  const db = openDatabase(file);
  // Many checkpoints in a short recording.
  db.pragma("wal_autocheckpoint = 40");
  if (synchronous !== "FULL") db.pragma(`synchronous = ${synchronous}`);
  const boot = `run-${run}`;
  const outbox = openOutbox(db, boot, run);
  const meters = meterStore(db);
  let delivered = 0;
  const say = (): void => void writeSync(1, `${boot} ${outbox.added()} ${delivered} ${samples}\n`);
  for (let at = 0; at < eachOpen; at++) {
    db.transaction(() => {
      for (let second = 0; second < 5; second++) {
        samples++;
        meters.addSamples([{ atMs: samples * 1000, reading: readingOf({ receivedMs: samples * 1000 }) }]);
      }
      for (let row = 0; row <= at % 3; row++)
        outbox.add({ kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x".repeat(150) });
    })();
    say();
    if (at % 20 !== 19) continue;
    outbox.delivered(boot, outbox.added() - 10);
    delivered = outbox.added() - 10;
    say();
  }
  // The last one is cut off as it stands.
  if (run < opens) db.close();
}
process.kill(process.pid, "SIGKILL");
