import { expect, it } from "vitest";
import { grouped } from "../../../aggregator/store/grouped.ts";

it("writes a burst at once, and what comes meanwhile as the next group", async () => {
  const groups: number[][] = [];
  const slow = Promise.withResolvers<void>();
  const add = grouped<number>(async (items) => {
    groups.push([...items]);
    if (groups.length === 1) await slow.promise;
  });
  const burst = [1, 2, 3].map(add);
  while (groups.length === 0) await new Promise(setImmediate);
  const later = [4, 5].map(add);
  slow.resolve();
  await Promise.all([...burst, ...later]);
  expect(groups).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

it("tells every caller of a group that failed, and goes on with the next", async () => {
  let fails = true;
  const add = grouped<string>(() => (fails ? Promise.reject(new Error("disk full")) : Promise.resolve()));
  expect(await Promise.allSettled(["a", "b"].map(add))).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  fails = false;
  await add("c");
});
