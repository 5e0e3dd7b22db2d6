import { AppError } from "./app-error.ts";
import { type ControlKey, importControlKey } from "./envelope.ts";
import { readJsonFile } from "./read-json-file.ts";

/**
 * Reads a key to sign with: a private JWK (Ed25519).
 * @throws AppError of the given code where the file is unreadable or holds a public key only; envelope-bad-key
 */
export async function readSigningKey(file: string, code: string): Promise<ControlKey> {
  const jwk = readJsonFile(file, code);
  const key = await importControlKey(jwk);
  if (!(typeof jwk === "object" && jwk !== null && "d" in jwk))
    throw new AppError(code, `${file} holds a public key; expected the private one, a JWK with d`);
  return key;
}
