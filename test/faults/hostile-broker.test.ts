import { expect, it } from "vitest";
import { hostileBroker } from "./hostile-broker.ts";

it("does nothing wrong for a broker that lies, and does not grow", async () => {
  const claims = await hostileBroker({ seconds: 20, warmUpMs: 3000, seed: 20_261_122 });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
}, 60_000);
