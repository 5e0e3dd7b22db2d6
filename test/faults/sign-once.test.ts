import { expect, it } from "vitest";
import { signOnce } from "./sign-once.ts";

it("never signs a second body for a number, however often it is killed while it signs", { timeout: 90_000 }, async () => {
  const claims = await signOnce({ kills: 8, seed: 20_261_129 });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
});
