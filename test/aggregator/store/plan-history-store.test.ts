import { expect, it } from "vitest";
import { planOf } from "../plans.ts";
import { scratchStore } from "../rows.ts";

it("tells of each plan what it took the place of, what took its place, and what the home said", async () => {
  const { store } = await scratchStore();
  const plans = [1, 2, 3, 4].map((n) => planOf("boiler", n));
  for (const [index, plan] of plans.entries()) await store.savePlans("a", [plan], index);
  await store.savePlans("a", [planOf("car", 9)], 9);
  await store.savePlans("b", [planOf("boiler", 8)], 9);
  const [one = "", two = "", three = "", four = ""] = plans.map(({ plan }) => plan);
  await store.answerPlan("a", one, "ACCEPTED", null);
  await store.answerPlan("a", two, "REJECTED", "too-late", { message: "over already", atMs: 77 });
  await store.answerPlan("a", three, "ACCEPTED", null, { message: null, atMs: 78 });
  const found = await store.planHistory("a", { resource: "boiler", limit: 10 });
  expect(found.map(({ list, supersedes, supersededBy }) => [list.plan, supersedes, supersededBy])).toEqual([
    [four, three, null],
    [three, two, null],
    [two, one, three],
    // The second was rejected, so it took nothing's place.
    [one, null, three],
  ]);
  expect(found.map(({ answer }) => answer)).toEqual([
    null,
    { status: "ACCEPTED", code: null, message: null, atMs: 78 },
    { status: "REJECTED", code: "too-late", message: "over already", atMs: 77 },
    { status: "ACCEPTED", code: null, message: null, atMs: null },
  ]);
  expect((await store.planHistory("a", { limit: 10 })).map(({ list }) => list.resource)[0]).toBe("car");
  const page = await store.planHistory("a", { limit: 2 });
  expect((await store.planHistory("a", { limit: 10, before: page[1]?.id ?? 0 })).map(({ sentMs }) => sentMs)).toEqual([2, 1, 0]);
});
