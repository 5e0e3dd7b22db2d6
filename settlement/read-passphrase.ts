import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, errorMessage } from "../core/app-error.ts";

const credential = "credential:";

/** Where a passphrase lies: `credential:NAME` is one that systemd hands over, everything else a path. */
export function isCredential(file: string): boolean {
  return file.startsWith(credential);
}

/**
 * The passphrase of a keystore from its file, without the line's end.
 * @param env where CREDENTIALS_DIRECTORY stands, which systemd sets for a unit with LoadCredential= or LoadCredentialEncrypted=
 * @throws AppError keystore-no-credential, keystore-no-passphrase
 */
export function readPassphrase(file: string, env: NodeJS.ProcessEnv = process.env): string {
  const path = isCredential(file) ? credentialFile(file.slice(credential.length), env) : file;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const message = `passphrase file ${path} cannot be read: ${errorMessage(cause)}; check its path and rights, or write one`;
    throw new AppError("keystore-no-passphrase", message, { cause });
  }
}

function credentialFile(name: string, env: NodeJS.ProcessEnv): string {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (!/^[\w.-]+$/.test(name) || name.startsWith("."))
    throw new AppError("keystore-no-credential", `"${name}" is no name of a credential; write credential:settlement-passphrase`);
  if (folder === undefined || folder === "")
    throw new AppError(
      "keystore-no-credential",
      `passphrase_file is ${credential}${name}, but CREDENTIALS_DIRECTORY is not set: systemd sets it for the unit that loads it; elsewhere give --passphrase-file`,
    );
  return join(folder, name);
}
