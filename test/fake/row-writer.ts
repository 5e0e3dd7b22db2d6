import { openDatabase } from "../../agent/store/open-database.ts";
import { openOutbox } from "../../agent/store/outbox.ts";

/** A process to be killed: adds outbox rows one after the other and says each number once it is committed. */
const [file = "", boot = ""] = process.argv.slice(2);
const outbox = openOutbox(openDatabase(file), boot, Date.now());
const item = { kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x".repeat(150) } as const;
for (let seq = 1; ; seq++) {
  outbox.add(item);
  process.stdout.write(`${seq}\n`);
}
