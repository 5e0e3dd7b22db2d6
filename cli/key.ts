import { existsSync, linkSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AgentConfig, SettlementConfig } from "../agent/config/agent-config.ts";
import { AppError } from "../core/app-error.ts";
import { syncFolder } from "../core/write-whole-file.ts";
import { createKeystore, keystoreAddress, openKeystore, writeKeystore } from "../settlement/keys/keystore.ts";
import { readPassphrase } from "../settlement/keys/read-passphrase.ts";
import { exitCode } from "./exit-code.ts";
import { expectedSigner, partyOnChain } from "./expected-signer.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { rotationRequest } from "./rotation-request.ts";

/** Options of the command line. */
export interface KeyOptions {
  config: string;
  passphraseFile?: string;
  json?: true;
}

type Say = (line: string) => void;

/** `smart-mla key create -c FILE`: makes the key that the settlement section names; prints its address. */
export async function keyCreate(file: string, say: Say): Promise<number> {
  const { settlement } = settled(file);
  const passphrase = strong(settlement.passphraseFile);
  mkdirSync(dirname(settlement.keyFile), { recursive: true, mode: 0o700 });
  say(JSON.stringify({ address: await createKeystore(settlement.keyFile, passphrase), file: settlement.keyFile }));
  return exitCode.good;
}

/**
 * `smart-mla key new FILE --passphrase-file FILE [--json]`: a key for an owner, a registrar or an aggregator, in an encrypted
 * file of mode 0600; needs no configuration.
 * @throws AppError keystore-exists, keystore-not-writable, and as strong
 */
export async function keyNew(file: string, options: { passphraseFile: string; json?: true }, say: Say): Promise<number> {
  const address = await createKeystore(resolve(file), strong(options.passphraseFile));
  say(options.json ? JSON.stringify({ address, file: resolve(file) }) : `${address} in ${resolve(file)}`);
  return exitCode.good;
}

/** `smart-mla key show -c FILE [--json]`: address, file and mode; needs no passphrase. */
export async function keyShow(options: KeyOptions, say: Say): Promise<number> {
  const { keyFile } = settled(options.config).settlement;
  const { address, mode } = await keystoreAddress(keyFile);
  say(options.json ? JSON.stringify({ address, file: keyFile, mode }) : `${address} in ${keyFile}, mode ${mode}`);
  return exitCode.good;
}

/**
 * `smart-mla key backup COPY -c FILE [--passphrase-file FILE]`: an encrypted copy, under a passphrase of its own where one
 * is given. It is read back, decrypted and compared before success is said.
 * @throws AppError keystore-exists, keystore-backup-failed, and as openKeystore
 */
export async function keyBackup(copy: string, options: KeyOptions, say: Say): Promise<number> {
  const { keyFile, passphraseFile } = settled(options.config).settlement;
  const own = await openKeystore(keyFile, readPassphrase(passphraseFile));
  const passphrase = strong(options.passphraseFile ?? passphraseFile);
  const file = resolve(copy);
  const address = await writeKeystore(file, own, passphrase);
  const back = await openKeystore(file, passphrase);
  if (back.privateKey !== own.privateKey)
    throw new AppError("keystore-backup-failed", `${file} does not give back the key; remove it and try again, on another disk`);
  say(
    options.json ? JSON.stringify({ address, file }) : `${address}: ${file} read back and opened; keep its passphrase elsewhere`,
  );
  return exitCode.good;
}

/**
 * `smart-mla key restore COPY -c FILE [--passphrase-file FILE]`: the key of a backup in the place that the settlement
 * section names. What the chain or the agreement expects must be its address; another key is never overwritten.
 * @throws AppError keystore-exists, keystore-unexpected-key, and as openKeystore
 */
export async function keyRestore(copy: string, options: KeyOptions, say: Say): Promise<number> {
  const config = settled(options.config);
  const { keyFile, passphraseFile } = config.settlement;
  if (!existsSync(copy)) throw new AppError("keystore-missing", `there is no backup ${copy}; is the path right?`);
  const wallet = await openKeystore(resolve(copy), readPassphrase(options.passphraseFile ?? passphraseFile));
  const address = wallet.address.toLowerCase();
  const expected = await expectedSigner(config);
  if (expected && expected.signer !== address)
    throw new AppError(
      "keystore-unexpected-key",
      `${copy} holds ${address}, but ${expected.by} names ${expected.signer}; take the backup of that key`,
    );
  const there = existsSync(keyFile) ? await keystoreAddress(keyFile) : undefined;
  if (there?.address === address) {
    await openKeystore(keyFile, readPassphrase(passphraseFile));
    say(options.json ? JSON.stringify({ address, file: keyFile, restored: false }) : `${address} is in ${keyFile} already`);
    return exitCode.good;
  }
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  await writeKeystore(keyFile, wallet, strong(passphraseFile));
  const by = expected ? `${expected.by} names it` : "neither agreement nor chain could be asked whether it is the right one";
  say(
    options.json
      ? JSON.stringify({ address, file: keyFile, restored: true, expectedBy: expected?.by ?? null })
      : `${address} restored into ${keyFile}; ${by}`,
  );
  return exitCode.good;
}

/**
 * `smart-mla key rotate -c FILE`: makes the next key and the request for it, which the present key signs. Once the chain has
 * the next key as the household's signer, the same command puts it in place; the old file stays under another name.
 * @throws AppError chain-unreachable (temporary), and as openKeystore
 */
export async function keyRotate(options: KeyOptions, say: Say): Promise<number> {
  const config = settled(options.config);
  const { keyFile, passphraseFile } = config.settlement;
  const passphrase = strong(passphraseFile);
  const present = await openKeystore(keyFile, passphrase);
  const nextFile = keyFile.replace(/\.json$/, ".next.json");
  const next = existsSync(nextFile) ? await openKeystore(nextFile, passphrase) : await newKey(nextFile, passphrase);
  const [from, to] = [present.address.toLowerCase(), next.address.toLowerCase()];
  const request = await rotationRequest({ config, present, next, file: keyFile.replace(/\.json$/, ".rotation.json") });
  const party = await partyOnChain(config.settlement, request.owner);
  const told = { from, to, request: request.file };
  if (party !== to) {
    if (options.json) say(JSON.stringify({ state: "waiting", ...told, registered: party }));
    else {
      say(`next key ${to} in ${nextFile}; ${from} still signs (on the chain: ${party ?? "nobody"})`);
      say(
        `give ${request.file} to whoever holds the household's owner key, who runs smart-mla key approve; once the chain has the next key, run this again with the agent stopped`,
      );
    }
    return exitCode.good;
  }
  const oldFile = join(dirname(keyFile), `${from}.json`);
  // First the second name of the old key, then the next one over it in one step: there is a key at every moment.
  if (!existsSync(oldFile)) linkSync(keyFile, oldFile);
  renameSync(nextFile, keyFile);
  syncFolder(dirname(keyFile));
  say(
    options.json
      ? JSON.stringify({ state: "done", ...told, kept: oldFile })
      : `${to} signs from now on; the old key is kept in ${oldFile}`,
  );
  return exitCode.good;
}

async function newKey(file: string, passphrase: string): Promise<Awaited<ReturnType<typeof openKeystore>>> {
  await createKeystore(file, passphrase);
  return openKeystore(file, passphrase);
}

/** @throws AppError settlement-not-configured */
function settled(file: string): AgentConfig & { settlement: SettlementConfig } {
  const config = readAgentConfig(file);
  const { settlement } = config;
  if (!settlement)
    throw new AppError("settlement-not-configured", `${file} has no settlement section; add one, it names the key`);
  return { ...config, settlement };
}

/** @throws AppError keystore-weak-passphrase, keystore-no-passphrase, keystore-no-credential */
function strong(file: string): string {
  const passphrase = readPassphrase(file);
  if (passphrase.length < 12)
    throw new AppError("keystore-weak-passphrase", `${file} holds fewer than 12 characters; write a longer one`);
  return passphrase;
}
