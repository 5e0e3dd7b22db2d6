import { expect, it } from "vitest";
import { MeasurementItem } from "../../../core/message/measurements.ts";

const slot = {
  kind: "slot",
  seq: 1,
  meter: "grid",
  role: "grid",
  register: "import",
  start: "2026-04-02T10:00:00Z",
  end: "2026-04-02T10:15:00Z",
  quality: "valid",
  clockSynced: true,
};

it.each([
  [0, true],
  [1e9, true],
  [-1, false],
  [1e9 + 1, false],
  [Number.MAX_SAFE_INTEGER, false],
])("a slot of %s Wh is taken: %s", (wh, taken) => expect(MeasurementItem.safeParse({ ...slot, wh }).success).toBe(taken));
