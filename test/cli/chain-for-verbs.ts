import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Wallet } from "ethers/wallet";
import { afterAll, beforeAll, expect } from "vitest";
import { writeKeystore } from "../../settlement/keys/keystore.ts";
import { type Anvil, startAnvil } from "../fake/anvil.ts";
import { scratch } from "../fake/scratch.ts";
import { type Market, openMarket } from "../settlement/market.ts";

/** Of every keystore that a test of the command line makes. */
export const passphrase = "a long enough passphrase";
/** Opened in no time, and by whoever wants to. */
export const cheap = { scryptN: 2 };

/** A development chain with the contract on it, for all tests of one file. */
export function chainForVerbs(): { readonly url: string; readonly market: Market } {
  let anvil: Anvil;
  let market: Market;
  beforeAll(async () => {
    anvil = await startAnvil();
    market = await openMarket(anvil);
  });
  afterAll(async () => {
    market.close();
    await anvil.stop();
  });
  return {
    get url() {
      return anvil.url;
    },
    get market() {
      return market;
    },
  };
}

/** A folder of one test with its passphrase, and keystores in it. */
export function keyFolder(name: string) {
  const folder = scratch(name);
  const file = (called: string, content: string): string => {
    const path = join(folder, called);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const passphraseFile = file("passphrase", `${passphrase}\n`);
  /** The keystore of a key; made once. */
  const keystore = async (wallet: Wallet): Promise<string> => {
    const path = join(folder, `${wallet.address}.keystore.json`);
    await writeKeystore(path, wallet, passphrase, cheap).catch(() => undefined);
    return path;
  };
  return {
    folder,
    file,
    passphraseFile,
    keystore,
    /** The options that name it. */
    using: async (wallet: Wallet): Promise<string[]> => ["--key", await keystore(wallet), "--passphrase-file", passphraseFile],
  };
}

/** What a verb answers that fails with a code. */
export const failed = (code: string) => ({ code: 2, err: expect.stringMatching(new RegExp(`^${code}: `)) as string });
