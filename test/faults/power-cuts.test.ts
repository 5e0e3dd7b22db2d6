import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { powerCuts } from "./power-cuts.ts";

const strace = peer("strace");

it.skipIf(!strace)("loses no acknowledged row in 300 power cuts, and would lose some with synchronous=NORMAL", async () => {
  const claims = await powerCuts({ cuts: 300, transactions: 150, seed: 20_261_122, strace: strace ?? "" });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
});
