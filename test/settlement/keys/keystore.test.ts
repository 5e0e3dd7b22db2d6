import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeystore, openKeystore } from "../../../settlement/keys/keystore.ts";

const cheap = { scryptN: 2 };
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keystore-"));
  path = join(folder, "signer.json");
});
afterEach(() => rm(folder, { recursive: true }));
const code = (expected: string) => expect.objectContaining({ code: expected, message: expect.stringContaining(folder) });

describe("keystore", () => {
  it("gives back the key that it made, from a file that only its owner can read", async () => {
    const address = await createKeystore(path, "correct horse", cheap);
    expect(address).toMatch(/^0x[0-9a-f]{40}$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const wallet = await openKeystore(path, "correct horse");
    expect(wallet.address.toLowerCase()).toBe(address);
    expect(await readFile(path, "utf8")).not.toContain(wallet.privateKey.slice(2));
  });

  it("costs a guess 2^15 rounds of scrypt unless told otherwise", async () => {
    await createKeystore(path, "slow");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      version: 3,
      Crypto: { kdfparams: { n: 32_768, r: 8, p: 1 } },
    });
  });

  it("never overwrites a key", async () => {
    await createKeystore(path, "first", cheap);
    const before = await readFile(path, "utf8");
    await expect(createKeystore(path, "second", cheap)).rejects.toEqual(code("keystore-exists"));
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("refuses a wrong password", async () => {
    await createKeystore(path, "right", cheap);
    await expect(openKeystore(path, "wrong")).rejects.toEqual(code("keystore-wrong-password"));
  });

  it.each([0o640, 0o604, 0o620, 0o700])("refuses a file of mode %o", async (mode) => {
    await createKeystore(path, "right", cheap);
    await chmod(path, mode);
    await expect(openKeystore(path, "right")).rejects.toEqual(code("keystore-open-to-others"));
  });

  it("tells a missing file, a missing folder and a file that is no keystore", async () => {
    await expect(openKeystore(path, "x")).rejects.toEqual(code("keystore-missing"));
    await expect(createKeystore(join(folder, "none", "signer.json"), "x", cheap)).rejects.toEqual(code("keystore-not-writable"));
    await expect(openKeystore(folder, "x")).rejects.toEqual(code("keystore-open-to-others"));
    await writeFile(path, '{"version":3}', { mode: 0o600 });
    await expect(openKeystore(path, "x")).rejects.toEqual(code("keystore-malformed"));
    await writeFile(path, "not json", { mode: 0o600 });
    await expect(openKeystore(path, "x")).rejects.toEqual(code("keystore-malformed"));
  });
});
