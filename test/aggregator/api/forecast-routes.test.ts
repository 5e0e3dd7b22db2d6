import { expect, it } from "vitest";
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
