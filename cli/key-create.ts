import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, errorMessage } from "../core/app-error.ts";
import { createKeystore } from "../settlement/keystore.ts";
import { readAgentConfig } from "./agent-run.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla key create -c FILE`: makes the key that the settlement section names; prints its address. */
export async function keyCreate(file: string, say: (line: string) => void): Promise<number> {
  const { settlement } = readAgentConfig(file);
  if (!settlement) throw new AppError("settlement-not-configured", `${file} has no settlement section`);
  let passphrase: string;
  try {
    passphrase = readFileSync(settlement.passphraseFile, "utf8").trim();
  } catch (cause) {
    throw new AppError("keystore-no-passphrase", `${settlement.passphraseFile} cannot be read: ${errorMessage(cause)}`, {
      cause,
    });
  }
  if (passphrase.length < 12)
    throw new AppError("keystore-weak-passphrase", `${settlement.passphraseFile} holds fewer than 12 characters`);
  mkdirSync(dirname(settlement.keyFile), { recursive: true, mode: 0o700 });
  say(JSON.stringify({ address: await createKeystore(settlement.keyFile, passphrase), file: settlement.keyFile }));
  return exitCode.good;
}
