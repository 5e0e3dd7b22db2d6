import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { sickDisk } from "./sick-disk.ts";

const mkfs = peer("mkfs.ext4");
const root = process.getuid?.() === 0;

it.skipIf(!mkfs || !root)(
  "goes on with control, and thins before it drops, on a full and on a read-only disk",
  async () => {
    const claims = await sickDisk({ commands: 2, "mkfs.ext4": mkfs ?? "" });
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
  },
  60_000,
);
