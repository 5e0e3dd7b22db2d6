import { open } from "node:fs/promises";
import { decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson, Wallet } from "ethers/wallet";
import { AppError, errorMessage } from "../core/app-error.ts";

/** Cost of guessing a password: memory is N KiB. 2^15 opens in about a second on a Raspberry Pi class machine. */
const defaultScryptN = 2 ** 15;

/**
 * Makes a new signer key in an encrypted file (Web3 Secret Storage v3) of mode 0600 and gives its address, lower case.
 * @throws AppError keystore-exists; an existing key is never overwritten. keystore-not-writable
 */
export async function createKeystore(path: string, password: string, { scryptN = defaultScryptN } = {}): Promise<string> {
  const { address, privateKey } = Wallet.createRandom();
  const json = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: scryptN, r: 8, p: 1 } });
  try {
    await using file = await open(path, "wx", 0o600);
    await file.writeFile(`${json}\n`);
    await file.sync();
  } catch (cause) {
    if (isSystemError(cause, "EEXIST"))
      throw new AppError("keystore-exists", `${path} exists already; move it away to make a new key`, { cause });
    throw new AppError("keystore-not-writable", `cannot write ${path}: ${errorMessage(cause)}`, { cause });
  }
  return address.toLowerCase();
}

/**
 * Opens a key file.
 * @throws AppError keystore-missing, keystore-not-readable, keystore-open-to-others (mode is not 0600 or 0400),
 * keystore-malformed, keystore-wrong-password
 */
export async function openKeystore(path: string, password: string): Promise<Wallet> {
  const json = await readKeyFile(path);
  if (!isKeystoreJson(json)) throw new AppError("keystore-malformed", `${path} is not a version 3 JSON keystore`);
  try {
    const { privateKey } = await decryptKeystoreJson(json, password);
    return new Wallet(privateKey);
  } catch (cause) {
    if (/incorrect password/i.test(errorMessage(cause)))
      throw new AppError("keystore-wrong-password", `the password does not open ${path}`, { cause });
    throw new AppError("keystore-malformed", `${path} cannot be decrypted: ${errorMessage(cause)}`, { cause });
  }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { mode } = await file.stat();
    if ((mode & 0o177) !== 0)
      throw new AppError("keystore-open-to-others", `${path} has mode ${(mode & 0o777).toString(8)}; run chmod 600 ${path}`);
    return await file.readFile("utf8");
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (isSystemError(cause, "ENOENT"))
      throw new AppError("keystore-missing", `there is no key file ${path}; make one with smart-mla key create`, { cause });
    throw new AppError("keystore-not-readable", `cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
