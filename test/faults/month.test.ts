import { expect, it } from "vitest";
import { month } from "./month.ts";

it("reads all telegrams of three times two hours without a file more", async () => {
  const claims = await month({ days: 2, dayHours: 2, everyS: 30, seed: 20_261_122 });
  // How little memory grows shows in days only.
  expect(claims.filter(({ ok, name }) => !ok && !name.includes("memory"))).toEqual([]);
});
