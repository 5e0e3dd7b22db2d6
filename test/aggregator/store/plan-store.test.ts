import { expect, it } from "vitest";
import { boiler, planOf, statusOf } from "../plans.ts";
import { scratchStore } from "../rows.ts";

it("keeps the newest description and status of each resource", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", boiler);
  await store.saveResource("a", { ...boiler, resource: "car" });
  await store.saveResource("a", { ...boiler, minOnS: 900 });
  await store.saveStatus("a", statusOf("boiler", 100));
  await store.saveStatus("a", statusOf("boiler", 2000));
  expect(await store.resources("a")).toEqual([
    { ...boiler, minOnS: 900 },
    { ...boiler, resource: "car" },
  ]);
  expect(await store.statuses("a")).toEqual([statusOf("boiler", 2000)]);
  expect([await store.resources("b"), await store.statuses("b")]).toEqual([[], []]);
});

it("counts only the newest plan of each resource, and forgets it as unanswered once it is answered", async () => {
  const { store } = await scratchStore();
  const [old, fresh, car] = [planOf("boiler", 1), planOf("boiler", 2), planOf("car", 3)];
  for (const plan of [old, fresh, car]) await store.savePlans("a", [plan], 1000);
  expect(await store.unanswered("a")).toEqual([fresh, car]);
  await store.answerPlan("a", old.plan, "ACCEPTED", null);
  await store.answerPlan("b", fresh.plan, "ACCEPTED", null);
  expect(await store.unanswered("a")).toEqual([fresh, car]);
  await store.answerPlan("a", fresh.plan, "REJECTED", "instruction-expired");
  expect(await store.unanswered("a")).toEqual([car]);
  expect(await store.plans("a")).toEqual([
    { list: fresh, status: "REJECTED", code: "instruction-expired" },
    { list: car, status: null, code: null },
  ]);
});

it("never reserves a number twice, at once or over restarts", async () => {
  const { store, reopen } = await scratchStore();
  const counts = [10, 1, 1000, 5];
  // Which of several that reserve at once comes first, the database decides.
  const starts = await Promise.all(counts.map((count) => store.reserveSequence(count, 1)));
  const spans = starts
    .map((first, at) => ({ first, end: first + (counts[at] ?? 0) }))
    .toSorted((one, other) => one.first - other.first);
  expect(spans.map(({ first }) => first)).toEqual([1, ...spans.slice(0, -1).map(({ end }) => end)]);
  const again = await reopen();
  const later = [await again.reserveSequence(3, 0), await (await reopen()).reserveSequence(1, 1000)];
  const last = await reopen();
  later.push(await last.reserveSequence(2, 5000), await last.reserveSequence(1, 4000));
  expect(later).toEqual([1017, 1020, 5000, 5002]);
});

it("keeps what thousands of homes say at once, the newest of each appliance, and one home's words keep no other's out", async () => {
  const { store } = await scratchStore();
  const sites = Array.from({ length: 1500 }, (_, at) => `gw-${at}`);
  const plans = sites.map(() => ({ ...planOf("boiler", 1), plan: crypto.randomUUID() }));
  await Promise.all(
    sites.flatMap((site, at) => [
      store.saveResource(site, boiler),
      store.saveResource(site, { ...boiler, minOnS: 900 }),
      store.saveStatus(site, statusOf("boiler", 1)),
      store.saveStatus(site, statusOf("boiler", 2)),
      store.savePlans(site, plans.slice(at, at + 1), 1000),
    ]),
  );
  for (const site of ["gw-0", "gw-1499"]) {
    expect(await store.resources(site)).toEqual([{ ...boiler, minOnS: 900 }]);
    expect(await store.statuses(site)).toEqual([statusOf("boiler", 2)]);
  }
  const words = { message: "not \0 now", atMs: 5 };
  await Promise.all(
    plans.map(({ plan }, at) => store.answerPlan(`gw-${at}`, plan, "REJECTED", "x", at === 7 ? words : undefined)),
  );
  expect(await store.unanswered("gw-0")).toEqual([]);
  expect((await store.plans("gw-7")).map(({ status, code }) => [status, code])).toEqual([["REJECTED", "x"]]);
});
