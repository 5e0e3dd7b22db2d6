import { expect, it } from "vitest";
import { meteredAt } from "../../../aggregator/flexibility/metered-orders.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { elm } from "../optimise/feeder-desk.ts";

const slotMs = 15 * 60_000;
const startMs = Date.parse("2026-12-01T11:00:00Z");
const slot = { startMs, endMs: startMs + slotMs };
type Row = { site: string; register: "import" | "export"; startMs: number; wh: number };

/** What the homes of a feeder took together by these rows. */
async function metered(rows: readonly Row[]): Promise<number | null> {
  const slots: AggregatorStore["slots"] = async (site, register, fromMs, toMs) =>
    rows
      .filter((row) => row.site === site && row.register === register && row.startMs >= fromMs && row.startMs < toMs)
      .map(({ startMs: atMs, wh }) => ({ startMs: atMs, endMs: atMs + slotMs, wh }));
  return meteredAt({ points: [{ point: "ean.1", feeder: "elm" }] }, [elm(1e6, ["roof", "flat"])], { slots })("ean.1", slot);
}

const roofImport: Row = { site: "roof", register: "import", startMs, wh: 100 };
const flatImport: Row = { site: "flat", register: "import", startMs, wh: 300 };

it("takes a house that never told of feeding back as one that does not, and waits for one that did", async () => {
  expect(await metered([roofImport])).toBeNull();
  expect(await metered([roofImport, flatImport])).toBe(400);
  const before: Row = { site: "roof", register: "export", startMs: startMs - slotMs, wh: 700 };
  expect(await metered([roofImport, flatImport, before])).toBeNull();
  expect(await metered([roofImport, flatImport, before, { ...before, startMs, wh: 800 }])).toBe(-400);
});
