import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Wallet } from "ethers/wallet";
import { expect, it } from "vitest";
import { signPossession, signRotation } from "../../settlement/record/typed-calls.ts";
import { anvilChainId } from "../fake/anvil.ts";
import { runCli } from "../fake/run-cli.ts";
import { addressOf, keyOf } from "../settlement/fixture.ts";
import { chainForVerbs, failed, keyFolder } from "./chain-for-verbs.ts";

const chain = chainForVerbs();

/** A registered household, and what its gateway asks for; the owner's keystore lies elsewhere. */
async function household(name: string) {
  const { folder, keystore, passphraseFile } = keyFolder("key-approve");
  const [key, present, next] = [keyOf(name), keyOf(`${name}, present`), keyOf(`${name}, next`)];
  const [owner, from, to] = [addressOf(key), addressOf(present), addressOf(next)];
  await chain.market.registrar.register(owner, from, await signPossession(present, chain.market.domain, owner));
  // For the fee.
  await chain.market.clientOf(key.privateKey);
  const request = async (by: Wallet, time = 1_700_000_000) => {
    const file = join(folder, `${by.address}-${time}.json`);
    const authorisation = await signRotation(by, chain.market.domain, { owner, from, to, time });
    const possessionProof = await signPossession(next, chain.market.domain, owner);
    const { contract } = chain.market.domain;
    writeFileSync(
      file,
      JSON.stringify({ v: 1, owner, from, to, time, chainId: anvilChainId, contract, authorisation, possessionProof }),
    );
    return file;
  };
  const ownerKey = await keystore(key);
  const approve = (file: string, from_ = ownerKey) =>
    runCli(["key", "approve", file, "--owner-key", from_, "--passphrase-file", passphraseFile, "--rpc", chain.url, "--json"]);
  const signer = async () => (await chain.market.registrar.partyOf(owner)).signer;
  return { folder, owner, present, from, to, request, keystore, approve, signer };
}

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
