import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSecret } from "../../agent/read-secret.ts";
import { scratch } from "../fake/scratch.ts";

it("reads a token without the line's end, from a file or a credential of systemd", () => {
  const folder = scratch("token");
  writeFileSync(join(folder, "tibber"), "tok-1\n");
  expect(readSecret(join(folder, "tibber"), {})).toBe("tok-1");
  expect(readSecret("credential:tibber", { CREDENTIALS_DIRECTORY: folder })).toBe("tok-1");
});

it("refuses what is no token without saying it", () => {
  const file = join(scratch("token"), "token");
  writeFileSync(file, "tok-1\r\nx-evil: 1\n");
  expect(() => readSecret(file, {})).toThrow(
    expect.objectContaining({ code: "token-malformed", message: expect.not.stringContaining("tok-1") as string }),
  );
  expect(() => readSecret(`${file}.none`, {})).toThrow(expect.objectContaining({ code: "token-unreadable" }));
});

it.each(["credential:../x", "credential:tibber"])("knows no %s", (name) => {
  expect(() => readSecret(name, {})).toThrow(expect.objectContaining({ code: "token-no-credential" }));
});
