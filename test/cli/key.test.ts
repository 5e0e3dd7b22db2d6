import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openKeystore, writeKeystore } from "../../settlement/keys/keystore.ts";
import { recoverSigner } from "../../settlement/record/signature.ts";
import { signAgreement } from "../../settlement/record/sign-agreement.ts";
import { rotationDigest, signPossession } from "../../settlement/record/typed-calls.ts";
import { anvilChainId } from "../fake/anvil.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { addressOf, exampleAgreement, household, keyOf, partyA, partyB } from "../settlement/fixture.ts";
import { writeGateway } from "./gateway-files.ts";
import { chainForVerbs, cheap, keyFolder, passphrase } from "./chain-for-verbs.ts";

const chain = chainForVerbs();

it("key new makes a key anywhere without a configuration, and never writes over one", async () => {
  const { folder, file: write, passphraseFile: secret } = keyFolder("key-new");
  const [file, weak] = [join(folder, "owner.json"), write("weak", "short\n")];
  const make = (from: string) => runCli(["key", "new", file, "--passphrase-file", from, "--json"]);
  expect((await make(weak)).err).toContain("keystore-weak-passphrase");
  const made = await make(secret);
  const { address } = await openKeystore(file, passphrase);
  expect([made.code, JSON.parse(made.out)]).toEqual([0, { address: address.toLowerCase(), file }]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await make(secret)).err).toContain("keystore-exists");
});

/** A gateway with an agreement; `owner` is the household's, whose signer the test's key is unless it says otherwise. */
async function gateway({ owner = household.owner, rpcUrl = chain.url, agreed = true, more = {} } = {}) {
  const { folder, file } = keyFolder("key");
  const { domain } = chain.market;
  const parties = [{ owner, signer: household.signer }, partyA.owner === household.owner ? partyB : partyA].toSorted(
    (one, other) => (one.owner < other.owner ? -1 : 1),
  );
  const [a, b] = [parties[0] ?? expect.fail(), parties[1] ?? expect.fail()];
  const agreement = exampleAgreement(domain, {
    a: a.owner,
    b: b.owner,
    signerA: addressOf(a.signer),
    signerB: addressOf(b.signer),
  });
  const [signatureA, signatureB] = [await signAgreement(a.signer, agreement), await signAgreement(b.signer, agreement)];
  if (agreed) writeFileSync(join(folder, "agreement.json"), JSON.stringify({ agreement, signatureA, signatureB }));
  file("other", "another long passphrase\n");
  const config = writeGateway(folder, {
    aggregator: {
      id: "community",
      gateway_id: "gw-4711",
      broker_url: "mqtt://127.0.0.1:9",
      control_keys: [{ kty: "OKP", crv: "Ed25519", kid: "k", x: "x" }],
    },
    settlement: {
      key: "household",
      passphrase_file: "passphrase",
      agreement_file: "agreement.json",
      chain_id: anvilChainId,
      contract: domain.contract,
      rpc_url: rpcUrl,
      ...more,
    },
  });
  const keys = join(folder, "state", "keys");
  mkdirSync(keys, { recursive: true });
  const keyFile = join(keys, "household.json");
  const put = () => writeKeystore(keyFile, household.signer, passphrase, cheap);
  const ask = (...args: string[]) => runCli(["key", ...args, "-c", config]);
  return { folder, keys, keyFile, put, ask, at: (name: string) => join(folder, name), owner };
}
const failed = (code: string) => ({ code: 2, err: expect.stringMatching(new RegExp(`^${code}: `)) as string });
const own = addressOf(household.signer);

describe("key show", { timeout: 60_000 }, () => {
  it("says address, file and mode without the passphrase", async () => {
    const { put, ask, keyFile, at } = await gateway();
    await put();
    rmSync(at("passphrase"));
    expect(await ask("show")).toMatchObject({ code: 0, out: `${own} in ${keyFile}, mode 0600` });
    expect(JSON.parse((await ask("show", "--json")).out)).toEqual({ address: own, file: keyFile, mode: "0600" });
  });

  it("refuses a file that others may read, one that is no key, and none", async () => {
    const { put, ask, keyFile } = await gateway();
    expect(await ask("show")).toMatchObject(failed("keystore-missing"));
    await put();
    chmodSync(keyFile, 0o640);
    expect(await ask("show")).toMatchObject(failed("keystore-open-to-others"));
    writeFileSync(keyFile, "{}");
    chmodSync(keyFile, 0o600);
    expect(await ask("show")).toMatchObject(failed("keystore-malformed"));
  });
});

describe("key backup and restore", { timeout: 60_000 }, () => {
  it("bring the key back, under a passphrase of the copy's own, for its owner only", async () => {
    const { put, ask, keyFile, at } = await gateway();
    await put();
    const before = await openKeystore(keyFile, passphrase);
    expect((await ask("backup", at("copy.json"), "--passphrase-file", at("other"))).out).toContain("read back and opened");
    expect(statSync(at("copy.json")).mode & 0o777).toBe(0o600);
    expect((await openKeystore(at("copy.json"), "another long passphrase")).privateKey).toBe(before.privateKey);
    rmSync(keyFile);
    expect(await ask("restore", at("copy.json"))).toMatchObject(failed("keystore-wrong-password"));
    expect(existsSync(keyFile)).toBe(false);
    expect(JSON.parse((await ask("restore", at("copy.json"), "--passphrase-file", at("other"), "--json")).out)).toEqual({
      address: own,
      file: keyFile,
      restored: true,
      expectedBy: "the agreement",
    });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect((await openKeystore(keyFile, passphrase)).privateKey).toBe(before.privateKey);
    expect((await ask("restore", at("copy.json"), "--passphrase-file", at("other"))).out).toContain("already");
  });

  it("write over no file, and leave none behind where that fails", async () => {
    const { put, ask, at, folder } = await gateway();
    await put();
    writeFileSync(at("copy.json"), "precious");
    expect(await ask("backup", at("copy.json"))).toMatchObject(failed("keystore-exists"));
    expect(readFileSync(at("copy.json"), "utf8")).toBe("precious");
    expect(existsSync(`${at("copy.json")}.part`)).toBe(false);
    expect(await ask("backup", join(folder, "nowhere", "copy.json"))).toMatchObject(failed("keystore-not-writable"));
  });

  it("restore no other key than the agreement or, before it, the chain names, and over no other key", async () => {
    const home = await gateway();
    await writeKeystore(home.at("foreign.json"), keyOf("somebody"), passphrase, cheap);
    expect(await home.ask("restore", home.at("foreign.json"))).toMatchObject(failed("keystore-unexpected-key"));
    const registered = addressOf(keyOf("owner with another signer"));
    const next = keyOf("registered signer");
    await chain.market.registrar.register(
      registered,
      addressOf(next),
      await signPossession(next, chain.market.domain, registered),
    );
    const moved = await gateway({ owner: registered });
    await writeKeystore(moved.at("old.json"), household.signer, passphrase, cheap);
    expect((await moved.ask("restore", moved.at("old.json"))).err).toMatch(/^keystore-unexpected-key: .*the chain names/);
    await writeKeystore(moved.at("new.json"), next, passphrase, cheap);
    await writeKeystore(moved.keyFile, keyOf("in the way"), passphrase, cheap);
    expect(await moved.ask("restore", moved.at("new.json"))).toMatchObject(failed("keystore-exists"));
  });

  it("restore no copy that is not there, and do not advise to restore it from a backup", async () => {
    const home = await gateway();
    expect((await home.ask("restore", home.at("nowhere.json"))).err).toMatch(
      /^keystore-missing: there is no backup .*path right/,
    );
  });

  it("restore where neither chain nor agreement can be asked, and say so", async () => {
    const { ask, at, keyFile } = await gateway({ agreed: false, rpcUrl: "http://127.0.0.1:9" });
    await writeKeystore(at("copy.json"), household.signer, passphrase, cheap);
    expect((await ask("restore", at("copy.json"))).out).toContain("neither agreement nor chain could be asked");
    expect(existsSync(keyFile)).toBe(true);
  });
});

describe("key rotate", { timeout: 60_000 }, () => {
  it("waits with a request that the old key signed, and changes keys once the chain has the next one", async () => {
    const owner = addressOf(keyOf("owner that rotates"));
    const { put, ask, keyFile, keys } = await gateway({ owner });
    await put();
    const waiting = JSON.parse((await ask("rotate", "--json")).out) as { to: string; request: string };
    expect(waiting).toMatchObject({ state: "waiting", from: own, registered: null });
    expect((await openKeystore(keyFile, passphrase)).address.toLowerCase()).toBe(own);
    const request = JSON.parse(readFileSync(waiting.request, "utf8")) as {
      to: string;
      time: number;
      authorisation: string;
      possessionProof: string;
    };
    const { to, time } = request;
    expect(recoverSigner(rotationDigest(chain.market.domain, { owner, from: own, to, time }), request.authorisation)).toBe(own);
    const again = JSON.parse((await ask("rotate", "--json")).out) as { to: string };
    expect(again.to).toBe(to);
    expect(JSON.parse(readFileSync(waiting.request, "utf8"))).toEqual(request);
    // The contract itself takes the proof of the next key, from the owner.
    const present = await openKeystore(keyFile, passphrase);
    await chain.market.registrar.register(owner, own, await signPossession(present, chain.market.domain, owner));
    await (await chain.market.clientOf(keyOf("owner that rotates").privateKey)).rotate(to, request.possessionProof);
    expect(JSON.parse((await ask("rotate", "--json")).out)).toMatchObject({ state: "done", to, kept: join(keys, `${own}.json`) });
    expect((await openKeystore(keyFile, passphrase)).address.toLowerCase()).toBe(to);
    expect((await openKeystore(join(keys, `${own}.json`), passphrase)).address.toLowerCase()).toBe(own);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(existsSync(join(keys, "household.next.json"))).toBe(false);
  });

  it("changes nothing while the chain does not answer", async () => {
    const { put, ask, keyFile } = await gateway({ rpcUrl: "http://127.0.0.1:9" });
    await put();
    expect(await ask("rotate")).toMatchObject({ code: 3, err: expect.stringMatching(/^chain-unreachable/) as string });
    expect((await openKeystore(keyFile, passphrase)).address.toLowerCase()).toBe(own);
  });
});

describe("a passphrase that systemd hands over", { timeout: 60_000 }, () => {
  const more = { passphrase_file: "credential:settlement-passphrase" };

  it("is found by its name in CREDENTIALS_DIRECTORY", async () => {
    const { folder, keyFile } = await gateway({ more });
    const credentials = scratch("credentials");
    writeFileSync(join(credentials, "settlement-passphrase"), `${passphrase}\n`);
    const env = { CREDENTIALS_DIRECTORY: credentials };
    const { code, out } = await runCli(["key", "create", "-c", join(folder, "agent.yaml")], { env });
    expect(code).toBe(0);
    const { address } = JSON.parse(out) as { address: string };
    expect((await openKeystore(keyFile, passphrase)).address.toLowerCase()).toBe(address);
  });

  it.each<[string, string, Record<string, string>]>([
    ["there is no such folder", "credential:settlement-passphrase", { CREDENTIALS_DIRECTORY: "" }],
    ["the name leads out of it", "credential:../passphrase", { CREDENTIALS_DIRECTORY: "/tmp" }],
  ])("is not looked for where %s", async (_, file, env) => {
    const { folder } = await gateway({ more: { passphrase_file: file } });
    expect(await runCli(["key", "create", "-c", join(folder, "agent.yaml")], { env })).toMatchObject(
      failed("keystore-no-credential"),
    );
  });
});
