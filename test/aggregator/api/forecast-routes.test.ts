import { expect, it } from "vitest";
import { carDays, openCar } from "../forecast/appliance-days.ts";
import { boiler } from "../plans.ts";
import { apiRig } from "./api-rig.ts";

it("shows an operator one home and all together, a household its own", async () => {
  const { get, header } = await apiRig({ open: false });
  const [operator, own] = [await header("operator"), await header("household", "a")];
  const all = await get("/v1/forecasts", operator);
  expect(all).toMatchObject({ status: 200, body: { site: null, stepS: 900, pv: null } });
  const { load } = all.body as { load: { q10: number[]; q50: number[]; q90: number[]; source: string; errorW: null } };
  expect([load.q10.length, load.q50.length, load.q90.length, load.source, load.errorW]).toEqual([144, 144, 144, "profile", null]);
  expect((await get("/v1/forecasts?site=b", operator)).body).toMatchObject({ site: "b" });
  expect((await get("/v1/forecasts", own)).body).toMatchObject({ site: "a" });
  expect([
    (await get("/v1/forecasts?site=b", own)).status,
    (await get("/v1/forecasts?site=z", operator)).status,
    (await get("/v1/forecasts")).status,
  ]).toEqual([403, 404, 401]);
});

it("shows when cars are there and what heaters draw, of a home and of all, with what that was off by", async () => {
  const { get, header, store } = await apiRig({ open: false });
  const operator = await header("operator");
  await store.saveResource("a", openCar(9000));
  await carDays(store, "a", 10, () => 18);
  await store.saveResource("b", boiler);
  const of = async (path: string) => (await get(path, operator)).body as { appliances: Record<string, unknown>[] };
  const [car] = (await of("/v1/forecasts?site=a")).appliances;
  expect(car).toMatchObject({ resource: "charger", kind: "presence", source: "history", errorShare: 0, brier: 0 });
  const { mean, q10, q90 } = car as { mean: number[]; q10: number[]; q90: number[] };
  // It is one in the afternoon: three and six hours later.
  expect([mean[12], mean[24], q10[24], q90[12], mean.length]).toEqual([0, 1, 1, 0, 144]);
  const { appliances } = await of("/v1/forecasts");
  expect(appliances.map(({ resource, kind, source }) => [resource, kind, source])).toEqual([
    ["all", "presence", "history"],
    ["all", "energy", "profile"],
  ]);
  expect(appliances[1]).toMatchObject({ errorW: null, insideShare: null });
});
