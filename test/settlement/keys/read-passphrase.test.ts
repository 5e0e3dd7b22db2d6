import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readPassphrase } from "../../../settlement/keys/read-passphrase.ts";
import { scratch } from "../../fake/scratch.ts";

function passphraseFile(mode: number): string {
  const file = join(scratch("passphrase"), "passphrase");
  writeFileSync(file, "correct horse battery staple\n");
  chmodSync(file, mode);
  return file;
}

it.each([0o600, 0o400, 0o700])("reads a passphrase that only its owner may read (mode %o)", (mode) => {
  expect(readPassphrase(passphraseFile(mode))).toBe("correct horse battery staple");
});

it.each([0o644, 0o640, 0o604, 0o620, 0o666])("refuses one that others may read or write (mode %o), and says the cure", (mode) => {
  const file = passphraseFile(mode);
  expect(() => readPassphrase(file)).toThrow(
    expect.objectContaining({
      code: "keystore-passphrase-open-to-others",
      message: expect.stringContaining(`run chmod 600 ${file}`) as string,
    }),
  );
});

it("takes a credential as systemd hands it over, whatever its mode", () => {
  const file = passphraseFile(0o440);
  expect(readPassphrase("credential:passphrase", { CREDENTIALS_DIRECTORY: join(file, "..") })).toBe(
    "correct horse battery staple",
  );
});
