import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { writeErrors } from "./write-errors.ts";

const strace = peer("strace");

it.skipIf(!strace)("loses nothing that was said to be kept or receipted where fsync and writes fail now and then", async () => {
  const claims = await writeErrors({ cuts: 30, transactions: 60, seed: 20_261_122, strace: strace ?? "" });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
});
