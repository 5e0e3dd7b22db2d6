import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Wallet } from "ethers/wallet";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeKeystore } from "../../settlement/keys/keystore.ts";
import { signPossession, signRotation } from "../../settlement/record/typed-calls.ts";
import { type Anvil, anvilChainId, startAnvil } from "../fake/anvil.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { addressOf, keyOf } from "../settlement/fixture.ts";
import { type Market, openMarket } from "../settlement/market.ts";

const cheap = { scryptN: 2 };
const passphrase = "a long enough passphrase";
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

/** A registered household, and what its gateway asks for; the owner's keystore lies elsewhere. */
async function household(name: string) {
  const folder = scratch("key-approve");
  const [key, present, next] = [keyOf(name), keyOf(`${name}, present`), keyOf(`${name}, next`)];
  const [owner, from, to] = [addressOf(key), addressOf(present), addressOf(next)];
  await market.registrar.register(owner, from, await signPossession(present, market.domain, owner));
  // For the fee.
  await market.clientOf(key.privateKey);
  const request = async (by: Wallet, time = 1_700_000_000) => {
    const file = join(folder, `${by.address}-${time}.json`);
    const authorisation = await signRotation(by, market.domain, { owner, from, to, time });
    const possessionProof = await signPossession(next, market.domain, owner);
    const { contract } = market.domain;
    writeFileSync(
      file,
      JSON.stringify({ v: 1, owner, from, to, time, chainId: anvilChainId, contract, authorisation, possessionProof }),
    );
    return file;
  };
  const keystore = async (of: Wallet): Promise<string> => {
    const file = join(folder, `${of.address}.keystore.json`);
    await writeKeystore(file, of, passphrase, cheap);
    return file;
  };
  writeFileSync(join(folder, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
  const ownerKey = await keystore(key);
  const approve = (file: string, from_ = ownerKey) =>
    runCli([
      "key",
      "approve",
      file,
      "--owner-key",
      from_,
      "--passphrase-file",
      join(folder, "passphrase"),
      "--rpc",
      anvil.url,
      "--json",
    ]);
  const signer = async () => (await market.registrar.partyOf(owner)).signer;
  return { folder, owner, present, from, to, request, keystore, approve, signer };
}
const failed = (code: string) => ({ code: 2, err: expect.stringMatching(new RegExp(`^${code}: `)) as string });

it("registers the next key on the chain, and says so when it is run again", { timeout: 60_000 }, async () => {
  const { owner, present, from, to, request, approve, signer } = await household("owner");
  const file = await request(present);
  expect(JSON.parse((await approve(file)).out)).toMatchObject({ state: "sent", owner, from, to });
  expect(await signer()).toBe(to);
  expect(JSON.parse((await approve(file)).out)).toEqual({ state: "done", owner, to });
});

it("sends nothing for a request that the chain's signer did not sign", { timeout: 60_000 }, async () => {
  const { from, request, approve, signer } = await household("owner with a thief");
  expect(await approve(await request(keyOf("thief")))).toMatchObject(failed("rotation-not-authorised"));
  expect(await signer()).toBe(from);
});

it("refuses the key of another owner, and a file that is no request", { timeout: 60_000 }, async () => {
  const { folder, present, from, request, keystore, approve, signer } = await household("owner with a stranger");
  expect(await approve(await request(present), await keystore(keyOf("stranger")))).toMatchObject(
    failed("keystore-unexpected-key"),
  );
  writeFileSync(join(folder, "nothing.json"), "{}");
  expect(await approve(join(folder, "nothing.json"))).toMatchObject(failed("rotation-unreadable"));
  expect(await signer()).toBe(from);
});
