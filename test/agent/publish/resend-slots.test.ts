import { expect, it } from "vitest";
import { slotResender } from "../../../agent/publish/resend-slots.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import type { OutboxItem } from "../../../agent/store/outbox.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const quarterMs = 900_000;

it("sends slots of the grid meter of a time once more, in order, a bounded number, and not again at once", async () => {
  const meters = meterStore(openStore());
  for (const [meter, register] of [
    ["grid", "import"],
    ["grid", "export"],
    ["car", "import"],
  ] as const)
    meters.addSlots(
      Array.from({ length: 1100 }, (_, at) => ({
        meter,
        register,
        startMs: at * quarterMs,
        endMs: (at + 1) * quarterMs,
        wh: at,
        quality: "valid" as const,
        clockSynced: true,
      })),
    );
  const clock = fakeClock(0);
  let rows: OutboxItem[] = [];
  const resend = slotResender({
    meters,
    outbox: { add: (item) => void rows.push(item) },
    gridMeter: "grid",
    atomically: (work) => work(),
    onAdded: () => undefined,
    clock,
    log: silentLog(),
  });
  resend(4 * quarterMs, 6 * quarterMs);
  expect(rows.map((row) => row.kind === "slot" && [row.meter, row.role, row.register, row.wh])).toEqual([
    ["grid", "grid", "import", 4],
    ["grid", "grid", "export", 4],
    ["grid", "grid", "import", 5],
    ["grid", "grid", "export", 5],
  ]);
  resend(4 * quarterMs, 6 * quarterMs);
  expect(rows).toHaveLength(4);
  await clock.advance(600_000);
  rows = [];
  resend(0, 2000 * quarterMs);
  expect(rows).toHaveLength(2000);
});
