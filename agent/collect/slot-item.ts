import { iso } from "../../core/clock/clock.ts";
import type { MeterRole } from "../../core/message/measurements.ts";
import type { OutboxItem } from "../store/outbox.ts";
import type { SlotTotal } from "./slot-ledger.ts";

/** A slot as it goes to the aggregator. */
export const slotItem = (slot: SlotTotal, role: MeterRole): OutboxItem => ({
  kind: "slot",
  meter: slot.meter,
  role,
  register: slot.register,
  start: iso(slot.startMs),
  end: iso(slot.endMs),
  wh: slot.wh,
  quality: slot.quality,
  clockSynced: slot.clockSynced,
});
