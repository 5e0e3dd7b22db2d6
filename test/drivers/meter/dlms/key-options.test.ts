import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorMessage } from "../../../../core/app-error.ts";
import { dlmsKeys } from "../../../../drivers/meter/dlms/key-options.ts";
import { scratch } from "../../../fake/scratch.ts";

const hex = "00112233445566778899aabbccddeeff";
function file(text: string): string {
  const path = join(scratch("key"), "key");
  writeFileSync(path, text);
  return path;
}

it("reads keys as operators write them", () => {
  expect(dlmsKeys({})).toBeUndefined();
  expect(dlmsKeys({ encryption_key_file: file(`${hex}\n`) })).toEqual({ encryptionKey: Buffer.from(hex, "hex") });
  const spaced = file(hex.toUpperCase().replaceAll(/../g, "$& "));
  expect(dlmsKeys({ encryption_key_file: spaced, authentication_key_file: spaced })).toEqual({
    encryptionKey: Buffer.from(hex, "hex"),
    authenticationKey: Buffer.from(hex, "hex"),
  });
});

it.each<[string, () => string]>([
  ["a missing file", () => "/nonexistent/key"],
  ["a key that is too short", () => file("0011")],
  ["text that is no hex", () => file("this is the key of the meter 123")],
])("refuses %s with its path and never its content", (_, make) => {
  const path = make();
  const message = ((): string => {
    try {
      dlmsKeys({ encryption_key_file: path });
    } catch (error) {
      return errorMessage(error);
    }
    return "";
  })();
  expect(message).toContain(path);
  expect(message).not.toMatch(/0011|this is the key/);
});
