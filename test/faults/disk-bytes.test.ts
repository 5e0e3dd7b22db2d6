import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { diskBytes } from "./disk-bytes.ts";

const mkfs = peer("mkfs.ext4");
const root = process.getuid?.() === 0;

it.skipIf(!mkfs || !root)("writes no more than 200 MB a day where a reading leaves the house each 10 s", async () => {
  const claims = await diskBytes({ warmUpHours: 1, hours: 1, shareS: 10, seed: 20_261_122, "mkfs.ext4": mkfs ?? "" });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
});
