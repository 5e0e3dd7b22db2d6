import { expect, it } from "vitest";
import { Resource, ResourceStatus } from "../../../core/message/resource.ts";
import { battery, boiler, filled, roof } from "../../aggregator/plans.ts";

const tank = {
  ...boiler,
  operationModes: [
    { id: "off", powerW: 0, fillRate: 0 },
    { id: "on", powerW: 2000, fillRate: 8.6 },
  ],
  storage: {
    kind: "tank",
    whPerK: 232.6,
    fillLevelRange: { from: 50, to: 70 },
    leakage: { wPerK: 1.5, ambientC: 20 },
    usage: { start: "2026-03-01T23:00:00Z", stepS: 3600, values: [0, 400] },
  },
};

it("takes storage, curtailment and fill levels, and what an older gateway says without them", () => {
  for (const described of [battery, roof, tank, boiler]) expect(Resource.parse(described)).toEqual(described);
  const status = filled(battery, 62.5);
  expect(ResourceStatus.parse(status)).toEqual(status);
  const { fillLevel: _, ...older } = status;
  expect(ResourceStatus.parse(older)).toEqual(older);
});

it("leaves what an older aggregator knows as it was", () => {
  // An aggregator from before reads the same message with a schema that has none of the new fields.
  const Older = Resource.omit({ storage: true, curtailment: true, maxExportW: true });
  expect(Older.parse(battery)).toMatchObject({ resource: "battery", controlType: "OMBC", failsafeMode: "auto" });
});

it.each([
  ["a kind that is not known", { ...battery, storage: { ...battery.storage, kind: "flywheel" } }],
  ["no capacity", { ...battery, storage: { ...battery.storage, capacityWh: 0 } }],
  ["a range from above to below", { ...battery, storage: { ...battery.storage, fillLevelRange: { from: 90, to: 20 } } }],
  ["a fill beyond all", { ...battery, storage: { ...battery.storage, fillLevelRange: { from: 20, to: 101 } } }],
  [
    "more values than two days have",
    { ...tank, storage: { ...tank.storage, usage: { ...tank.storage.usage, values: Array(201).fill(1) } } },
  ],
  ["a value that is no number", { ...tank, storage: { ...tank.storage, usage: { ...tank.storage.usage, values: [null] } } }],
  ["another way to curtail", { ...roof, curtailment: { consequence: "DEFER", limitMode: "limit" } }],
])("refuses %s", (_, described) => {
  expect(Resource.safeParse(described).success).toBe(false);
});
