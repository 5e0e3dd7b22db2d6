import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, errorMessage } from "../../core/app-error.ts";

const credential = "credential:";

/** Where a passphrase lies: `credential:NAME` is one that systemd hands over, everything else a path. */
export function isCredential(file: string): boolean {
  return file.startsWith(credential);
}

/**
 * The passphrase of a keystore from its file, without the line's end.
 * @param env where CREDENTIALS_DIRECTORY stands, which systemd sets for a unit with LoadCredential= or LoadCredentialEncrypted=
 * @throws AppError keystore-no-credential, keystore-no-passphrase, keystore-passphrase-open-to-others (a file of a mode that
 * lets others in; what systemd hands over or a pipe gives has none of its own)
 */
export function readPassphrase(file: string, env: NodeJS.ProcessEnv = process.env): string {
  const credentialPath = isCredential(file) ? credentialFile(file.slice(credential.length), env) : undefined;
  const path = credentialPath ?? file;
  let handle: number | undefined;
  try {
    handle = openSync(path, "r");
    const stat = fstatSync(handle);
    if (credentialPath === undefined && stat.isFile() && (stat.mode & 0o077) !== 0)
      throw new AppError(
        "keystore-passphrase-open-to-others",
        `${path} has mode ${(stat.mode & 0o777).toString(8)}, others than its owner may read or write it; run chmod 600 ${path}`,
      );
    return readFileSync(handle, "utf8").trim();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = `passphrase file ${path} cannot be read: ${errorMessage(cause)}; check its path and rights, or write one`;
    throw new AppError("keystore-no-passphrase", message, { cause });
  } finally {
    if (handle !== undefined) closeSync(handle);
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
