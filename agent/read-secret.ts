import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, errorMessage } from "../core/app-error.ts";
import { isCredential } from "../settlement/keys/read-passphrase.ts";

/**
 * A token from its file, or from the credential that systemd hands over (`credential:NAME`).
 * @param env where CREDENTIALS_DIRECTORY stands, which systemd sets for a unit with LoadCredential= or LoadCredentialEncrypted=
 * @throws AppError token-unreadable, token-no-credential, token-malformed; none of them holds the token
 */
export function readSecret(file: string, env: NodeJS.ProcessEnv = process.env): string {
  const path = isCredential(file) ? credentialPath(file.slice(file.indexOf(":") + 1), env) : file;
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new AppError("token-unreadable", `token file ${path} cannot be read: ${errorMessage(cause)}`, { cause });
  }
  // What else there is could end a header and begin another.
  if (!/^[\x21-\x7e]{1,4096}$/.test(text))
    throw new AppError("token-malformed", `${path} must hold one token and nothing else: one line, no spaces`);
  return text;
}

function credentialPath(name: string, env: NodeJS.ProcessEnv): string {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (!/^\w[\w.-]*$/.test(name) || folder === undefined || folder === "")
    throw new AppError(
      "token-no-credential",
      `there is no credential "${name}" here: systemd gives it to a unit with LoadCredential=; elsewhere write the path of a file`,
    );
  return join(folder, name);
}
