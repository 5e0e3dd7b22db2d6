import fc from "fast-check";
import { expect, it } from "vitest";
import { feederGroups, limitAt } from "../../../aggregator/optimise/feeder-groups.ts";
import { elm } from "./feeder-desk.ts";

const feeder = (name: string, sites: string[]) => elm(1000, sites, { name });

it("plans feeders together that share homes, also through others, and no others", () => {
  const groups = feederGroups([
    feeder("one", ["a", "b"]),
    feeder("two", ["c"]),
    feeder("three", ["d", "e"]),
    feeder("four", ["b", "d"]),
  ]);
  expect(groups.map(({ name, sites }) => [name, [...sites].toSorted()])).toEqual([
    ["two", ["c"]],
    ["one+three+four", ["a", "b", "d", "e"]],
  ]);
});

it("puts each feeder into one group, and each home too", () => {
  const anyFeeders = fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefghij".split("")), { minLength: 1, maxLength: 4 }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(anyFeeders, (all) => {
      const feeders = all.map((sites, at) => feeder(`f${at}`, sites));
      const groups = feederGroups(feeders);
      expect(groups.flatMap((group) => group.feeders.map(({ name }) => name)).toSorted()).toEqual(
        feeders.map(({ name }) => name).toSorted(),
      );
      const sites = groups.flatMap((group) => group.sites);
      expect(sites.toSorted()).toEqual([...new Set(all.flat())].toSorted());
    }),
  );
});

it.each([
  ["2026-07-01T14:59:00Z", 1000],
  ["2026-07-01T15:00:00Z", 600],
  ["2026-07-01T18:00:00Z", 1000],
  ["2026-07-01T21:00:00Z", 300],
  ["2026-07-02T03:59:00Z", 300],
  ["2026-07-02T04:00:00Z", 1000],
  // In winter local time is an hour nearer to UTC.
  ["2026-12-01T15:00:00Z", 1000],
  ["2026-12-01T16:00:00Z", 600],
])("has at %s the limit of %i W", (at, limitW) => {
  const day = [
    { from: "17:00", until: "20:00", importLimitW: 600 },
    { from: "23:00", until: "06:00", importLimitW: 300 },
  ];
  expect(limitAt(elm(1000, ["a"], { day, timezone: "Europe/Amsterdam" }), Date.parse(at))).toBe(limitW);
});
