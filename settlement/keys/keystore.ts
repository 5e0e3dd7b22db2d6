import { link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson, Wallet } from "ethers/wallet";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { syncFolder } from "../../core/write-whole-file.ts";

/** Cost of guessing a password: memory is N KiB. 2^15 opens in about a second on a Raspberry Pi class machine. */
const defaultScryptN = 2 ** 15;

/**
 * Makes a new signer key in an encrypted file (Web3 Secret Storage v3) of mode 0600 and gives its address, lower case.
 * @throws AppError keystore-exists; an existing key is never overwritten. keystore-not-writable
 */
export async function createKeystore(path: string, password: string, options: ScryptCost = {}): Promise<string> {
  return writeKeystore(path, Wallet.createRandom(), password, options);
}

/** Work of a guess: memory is scryptN KiB. */
export interface ScryptCost {
  scryptN?: number;
}

/**
 * Writes a key into a new encrypted file of mode 0600, whole or not at all, and gives its address, lower case.
 * @throws AppError keystore-exists, keystore-not-writable
 */
export async function writeKeystore(
  path: string,
  { address, privateKey }: { address: string; privateKey: string },
  password: string,
  { scryptN = defaultScryptN }: ScryptCost = {},
): Promise<string> {
  const json = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: scryptN, r: 8, p: 1 } });
  const half = `${path}.part`;
  try {
    await rm(half, { force: true });
    {
      await using file = await open(half, "wx", 0o600);
      await file.writeFile(`${json}\n`);
      await file.sync();
    }
    // Unlike a renaming, a link never takes the place of a file that is there.
    await link(half, path);
    syncFolder(dirname(path));
  } catch (cause) {
    if (isSystemError(cause, "EEXIST"))
      throw new AppError(
        "keystore-exists",
        `${path} exists already and is never written over; name another file or move it away`,
        { cause },
      );
    throw new AppError("keystore-not-writable", `cannot write ${path}: ${errorMessage(cause)}`, { cause });
  } finally {
    await rm(half, { force: true }).catch(() => undefined);
  }
  return address.toLowerCase();
}

/**
 * The address that a key file says it holds, lower case, and its mode. Needs no passphrase, so it proves nothing.
 * @throws AppError keystore-missing, keystore-not-readable, keystore-open-to-others, keystore-malformed
 */
export async function keystoreAddress(path: string): Promise<{ address: string; mode: string }> {
  const { json, mode } = await readKeyFile(path);
  const { address } = isKeystoreJson(json) ? (JSON.parse(json) as { address?: unknown }) : {};
  if (typeof address !== "string" || !/^(0x)?[0-9a-f]{40}$/i.test(address))
    throw new AppError("keystore-malformed", `${path} is not a version 3 JSON keystore with an address`);
  return { address: `0x${address.replace(/^0x/i, "").toLowerCase()}`, mode: mode.toString(8).padStart(4, "0") };
}

/**
 * Opens a key file.
 * @throws AppError keystore-missing, keystore-not-readable, keystore-open-to-others (mode is not 0600 or 0400),
 * keystore-malformed, keystore-wrong-password
 */
export async function openKeystore(path: string, password: string): Promise<Wallet> {
  const { json } = await readKeyFile(path);
  if (!isKeystoreJson(json)) throw new AppError("keystore-malformed", `${path} is not a version 3 JSON keystore`);
  try {
    const { privateKey } = await decryptKeystoreJson(json, password);
    return new Wallet(privateKey);
  } catch (cause) {
    if (/incorrect password/i.test(errorMessage(cause)))
      throw new AppError(
        "keystore-wrong-password",
        `the passphrase does not open ${path}; a backup may have its own, give it with --passphrase-file`,
        { cause },
      );
    throw new AppError("keystore-malformed", `${path} cannot be decrypted: ${errorMessage(cause)}`, { cause });
  }
}

async function readKeyFile(path: string): Promise<{ json: string; mode: number }> {
  try {
    await using file = await open(path, "r");
    const { mode } = await file.stat();
    if ((mode & 0o177) !== 0)
      throw new AppError("keystore-open-to-others", `${path} has mode ${(mode & 0o777).toString(8)}; run chmod 600 ${path}`);
    return { json: await file.readFile("utf8"), mode: mode & 0o777 };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (isSystemError(cause, "ENOENT"))
      throw new AppError(
        "keystore-missing",
        `there is no key file ${path}; smart-mla key restore brings it back from a backup, smart-mla key create (a gateway's) or key new makes one`,
        { cause },
      );
    throw new AppError("keystore-not-readable", `cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
