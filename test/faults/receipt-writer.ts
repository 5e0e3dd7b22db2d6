import { writeSync } from "node:fs";
import { intake } from "../../aggregator/intake/intake.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { Receipt } from "../../core/message/measurements.ts";
import { rejections } from "../../core/rejections.ts";
import { deafIntake } from "../fake/deaf-intake.ts";
import { silentLog } from "../fake/silent-log.ts";

/**
 * A process whose power is cut later, on paper: the aggregator's intake and store take rows of a home, which sends again
 * what has no receipt. Says on stdout what it would have receipted: `run seq`.
 */
const [file = "", messages = "100"] = process.argv.slice(2);
const rowsEach = 5;
const boot = "0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01";
const log = silentLog();
const clock = fakeClock(Date.parse("2026-01-01T00:00:00Z"));
const open = (tries = 50): ReturnType<typeof openStore> =>
  openStore({ engine: "sqlite", file }).catch((error: unknown) => (tries === 0 ? Promise.reject(error) : open(tries - 1)));
const store = await open();
let receipted = 0;
const inbound = intake({
  aggregator: "agg",
  sites: new Set(["home"]),
  store,
  send(_site, _type, _rest, body) {
    const { seq } = body as Receipt;
    writeSync(1, `${boot} ${seq}\n`);
    receipted = seq;
    return Promise.resolve();
  },
  clock,
  log,
  rejections: rejections(log, () => 0),
  ...deafIntake,
});
const all = Number(messages) * rowsEach;
while (receipted < all) {
  const items = Array.from({ length: rowsEach }, (_, row) => ({
    kind: "switch" as const,
    seq: receipted + row + 1,
    resource: "boiler",
    at: "2026-01-01T00:00:00.000Z",
    on: true,
    reason: "x".repeat(150),
  }));
  await inbound.take({
    site: "home",
    rest: "meter",
    topic: "sma/1/community/home/up/meter",
    text: JSON.stringify({ v: 1, boot, items }),
  });
}
process.kill(process.pid, "SIGKILL");
