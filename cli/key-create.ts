import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../core/app-error.ts";
import { createKeystore } from "../settlement/keystore.ts";
import { readPassphrase } from "../settlement/read-passphrase.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla key create -c FILE`: makes the key that the settlement section names; prints its address. */
export async function keyCreate(file: string, say: (line: string) => void): Promise<number> {
  const { settlement } = readAgentConfig(file);
  if (!settlement)
    throw new AppError("settlement-not-configured", `${file} has no settlement section; add one, it names the key`);
  const passphrase = readPassphrase(settlement.passphraseFile);
  if (passphrase.length < 12)
    throw new AppError(
      "keystore-weak-passphrase",
      `${settlement.passphraseFile} holds fewer than 12 characters; write a longer one`,
    );
  mkdirSync(dirname(settlement.keyFile), { recursive: true, mode: 0o700 });
  say(JSON.stringify({ address: await createKeystore(settlement.keyFile, passphrase), file: settlement.keyFile }));
  return exitCode.good;
}
