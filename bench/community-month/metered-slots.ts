import type { MeasurementItem } from "../../core/message/measurements.ts";
import type { Run } from "../real-prices/simulate.ts";

type SlotItem = Extract<MeasurementItem, { kind: "slot" }>;

/** Whole Wh of a series as a counter shows them: rounded on what has come together. */
function counted(values: readonly number[]): number[] {
  let [sum, shown] = [0, 0];
  return values.map((value) => {
    sum += value;
    const wh = Math.round(sum) - shown;
    shown += wh;
    return Math.max(0, wh);
  });
}

/** What the meters of a home count in the month: the grid's two registers, and the car's own. */
export function meteredSlots({
  netWh,
  flows,
}: Pick<Run, "netWh" | "flows">): { meter: "grid" | "car"; register: "import" | "export"; wh: number[] }[] {
  return [
    { meter: "grid", register: "import", wh: counted(netWh.map((wh) => Math.max(0, wh))) },
    { meter: "grid", register: "export", wh: counted(netWh.map((wh) => Math.max(0, -wh))) },
    { meter: "car", register: "import", wh: counted(flows.map(({ car }) => car)) },
  ];
}

/** Slots [from, until) as rows of a home's outbox, numbered from `seq` on. */
export function outboxRows(
  metered: ReturnType<typeof meteredSlots>,
  { from, until, startMs, slotMs, seq }: { from: number; until: number; startMs: number; slotMs: number; seq: number },
): SlotItem[] {
  const rows: SlotItem[] = [];
  for (let slot = from; slot < until; slot += 1)
    for (const { meter, register, wh } of metered)
      rows.push({
        kind: "slot",
        seq: seq + rows.length,
        meter,
        role: meter === "grid" ? "grid" : "load",
        register,
        start: new Date(startMs + slot * slotMs).toISOString(),
        end: new Date(startMs + (slot + 1) * slotMs).toISOString(),
        wh: wh[slot] ?? 0,
        quality: "valid",
        clockSynced: true,
      });
  return rows;
}
