import { Wallet } from "ethers/wallet";
import { describe, expect, it, vi } from "vitest";
import { SignedAgreement } from "../../../settlement/record/agreement.ts";
import { verifyAgreement } from "../../../settlement/record/sign-agreement.ts";
import { anvilChainId, anvilKeys } from "../../fake/anvil.ts";
import { runProgram } from "../../fake/run-program.ts";
import { addressOf, keyOf } from "../../settlement/fixture.ts";
import { chainForVerbs, failed, keyFolder } from "../chain-for-verbs.ts";

vi.setConfig({ testTimeout: 60_000 });
const chain = chainForVerbs();

const run = (...args: string[]) => runProgram(["settlement", ...args]);
async function good(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await run(...args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Record<string, unknown>;
}

const keys = () => keyFolder("settlement-verbs");
const [bankKey, registrarKey] = anvilKeys;
const [bank, registrar] = [new Wallet(bankKey), new Wallet(registrarKey)];

/** Two registered parties with an agreement that both have signed, made by the verbs alone; owners have coins for gas. */
async function agreed(name: string) {
  const { using, file } = keys();
  const at = ["--contract", chain.market.domain.contract];
  const rpc = ["--rpc", chain.url];
  const parties = { household: `${name} household`, aggregator: `${name} aggregator` };
  const owner = { household: keyOf(parties.household), aggregator: keyOf(parties.aggregator) };
  const signer = { household: keyOf(`${parties.household} signer`), aggregator: keyOf(`${parties.aggregator} signer`) };
  const requests: string[] = [];
  for (const side of ["household", "aggregator"] as const) {
    await chain.market.clientOf(owner[side].privateKey);
    const request = await run(
      "prove",
      addressOf(owner[side]),
      ...at,
      "--chain-id",
      String(anvilChainId),
      ...(await using(signer[side])),
    );
    requests.push(file(`${side}.json`, request.out));
    expect(await good("register", requests.at(-1) ?? "", ...rpc, ...(await using(registrar)), "--json")).toMatchObject({
      state: "registered",
    });
  }
  const ids = ["--household", addressOf(owner.household), "--aggregator", addressOf(owner.aggregator)];
  const terms = ["--site", "home-1", "--from", "2026-12-01T00:00:00Z", "--until", "2027-12-01T00:00:00Z", "--reward", "0.35"];
  const draft = await run("agreement", "draft", ...ids, ...terms, ...at, ...rpc);
  expect(draft).toMatchObject({ code: 0 });
  const half = await run("agreement", "sign", file("draft.json", draft.out), ...(await using(signer.household)));
  const whole = await run("agreement", "sign", file("half.json", half.out), ...(await using(signer.aggregator)));
  const agreement = file("agreement.json", whole.out);
  return { using, file, at, rpc, owner, signer, requests, agreement, half: half.out, whole: whole.out };
}

describe("smart-mla settlement deploy", () => {
  it("creates the contract once, and says the same of it afterwards", async () => {
    const { using } = keys();
    const options = ["--rpc", chain.url, ...(await using(bank)), "--registrar", addressOf(keyOf("a registrar")), "--json"];
    const first = await good("deploy", "--dev-euro", "1000", ...options);
    expect(first).toMatchObject({ state: "deployed", chainId: anvilChainId, registrar: addressOf(keyOf("a registrar")) });
    const again = await good("deploy", "--token", String(first["token"]), ...options);
    expect(again).toEqual({ ...first, state: "there", hash: undefined, feeWei: undefined });
    expect(await chain.market.provider.getCode(String(first["contract"]))).not.toBe("0x");
  });

  it("needs one token, real addresses and a key that can pay", async () => {
    const { using } = keys();
    const bankOptions = ["--rpc", chain.url, ...(await using(bank))];
    expect(await run("deploy", ...bankOptions, "--registrar", addressOf(bank))).toMatchObject(failed("settlement-no-token"));
    expect(await run("deploy", ...bankOptions, "--registrar", "me", "--dev-euro", "1")).toMatchObject(
      failed("settlement-bad-address"),
    );
    const broke = ["--rpc", chain.url, ...(await using(keyOf("broke"))), "--registrar", addressOf(bank), "--dev-euro", "1"];
    expect(await run("deploy", ...broke)).toMatchObject(failed("chain-no-funds"));
    const away = ["--rpc", "http://127.0.0.1:9", ...(await using(bank)), "--registrar", addressOf(bank), "--dev-euro", "1"];
    expect(await run("deploy", ...away)).toMatchObject({ code: 3 });
  });
});

describe("registration and agreement", () => {
  it("lead from two keys to an agreement that gateways and verifiers take", async () => {
    const { agreement, whole, half, rpc, file, using, requests } = await agreed("one");
    const signed = SignedAgreement.parse(JSON.parse(whole));
    const hash = verifyAgreement(signed);
    expect(await good("agreement", "check", agreement, ...rpc, "--json")).toMatchObject({ ok: true, hash, problems: [] });
    const unsigned = await run("agreement", "check", file("half-again.json", half));
    expect([unsigned.code, unsigned.out]).toEqual([1, expect.stringContaining("has not signed")]);
    expect(await run("agreement", "sign", agreement, ...(await using(keyOf("stranger"))))).toMatchObject(
      failed("keystore-unexpected-key"),
    );
    // The registrar may run it twice.
    expect(await good("register", requests[0] ?? "", ...rpc, ...(await using(registrar)), "--json")).toMatchObject({
      state: "there",
    });
  });

  it("notice forged signatures, signers that are none any more, and who is not the registrar", async () => {
    const { whole, agreement, rpc, at, file, using, signer, owner } = await agreed("two");
    const signed = SignedAgreement.parse(JSON.parse(whole));
    const swapped = file("swapped.json", JSON.stringify({ ...signed, signatureA: signed.signatureB }));
    expect(await run("agreement", "check", swapped)).toMatchObject({ code: 1 });
    const other = signed.agreement.signerA === addressOf(signer.household) ? signer.aggregator : signer.household;
    expect(await run("agreement", "sign", swapped, ...(await using(other)))).toMatchObject(failed("agreement-not-signed"));
    await good("revoke", addressOf(signer.household), ...at, ...rpc, ...(await using(owner.household)), "--json");
    const revoked = await run("agreement", "check", agreement, ...rpc);
    expect([revoked.code, revoked.out]).toEqual([1, expect.stringContaining("nobody as its signer")]);
    const request = await run(
      "prove",
      addressOf(bank),
      ...at,
      "--chain-id",
      String(anvilChainId),
      ...(await using(keyOf("new"))),
    );
    const asStranger = await run("register", file("new.json", request.out), ...rpc, ...(await using(bank)));
    expect(asStranger).toMatchObject(failed("settlement-not-registrar"));
    const changed = JSON.parse(request.out) as object;
    const elsewhere = file("elsewhere.json", JSON.stringify({ ...changed, owner: addressOf(keyOf("somebody")) }));
    expect((await run("register", elsewhere, ...rpc, ...(await using(registrar)))).code).toBe(2);
  });
});

describe("money in and out of escrow", () => {
  it("goes in for one side, and comes out at once where both owners sign", async () => {
    const { agreement, rpc, using, owner, file } = await agreed("three");
    const asBank = [...rpc, ...(await using(bank)), "--json"];
    expect(await good("deposit", agreement, "--amount", "25.50", "--for", "household", ...asBank)).toMatchObject({
      amount: "25.500000",
      balance: "25.500000",
      owner: addressOf(owner.household),
    });
    await good("deposit", agreement, "--amount", "10", "--for", "aggregator", ...asBank);
    expect(await good("escrow", agreement, ...rpc, "--json")).toMatchObject({
      household: { balance: "25.500000", leaving: "0.000000" },
      aggregator: { balance: "10.000000" },
      settled: 0,
    });
    const proposal = ["propose", agreement, "--household", "5.25", "--aggregator", "1", ...rpc];
    expect(await run("withdraw", ...proposal, ...(await using(bank)))).toMatchObject(failed("keystore-unexpected-key"));
    const order = file("order.json", (await run("withdraw", ...proposal, ...(await using(owner.household)))).out);
    // One owner alone cannot be both.
    expect((await run("withdraw", "approve", order, ...rpc, ...(await using(owner.household)))).code).toBe(2);
    await good("withdraw", "approve", order, ...rpc, ...(await using(owner.aggregator)), "--json");
    expect(await chain.market.funder.tokenBalanceOf(addressOf(owner.household))).toBe(5_250_000n);
    expect(await chain.market.funder.tokenBalanceOf(addressOf(owner.aggregator))).toBe(1_000_000n);
    expect(await run("withdraw", "approve", order, ...rpc, ...(await using(owner.aggregator)))).toMatchObject(
      failed("settlement-wrong-nonce"),
    );
    expect(await run("deposit", agreement, "--amount", "-1", "--for", "household", ...asBank)).toMatchObject(
      failed("units-bad-decimal"),
    );
  });

  it("comes out for one side alone after 30 days, and not before", async () => {
    const { agreement, rpc, using, owner } = await agreed("four");
    await good("deposit", agreement, "--amount", "8", "--for", "aggregator", ...rpc, ...(await using(bank)), "--json");
    const alone = [agreement, ...rpc, ...(await using(owner.aggregator)), "--json"];
    await good("withdraw", "request", ...alone, "--amount", "3");
    expect(await good("escrow", agreement, ...rpc, "--json")).toMatchObject({
      aggregator: { balance: "8.000000", leaving: "3.000000" },
    });
    await good("withdraw", "cancel", ...alone);
    await good("withdraw", "request", ...alone, "--amount", "2");
    expect(await run("withdraw", "execute", ...alone)).toMatchObject(failed("settlement-too-early"));
    const now = (await chain.market.provider.getBlock("latest"))?.timestamp ?? 0;
    await chain.market.warpTo(now + 31 * 86_400);
    expect(await good("withdraw", "execute", ...alone)).toMatchObject({ amount: "2.000000" });
    expect(await good("escrow", agreement, ...rpc, "--json")).toMatchObject({
      aggregator: { balance: "6.000000", leaving: "0.000000" },
    });
  });

  it("is bounded by the owner's cap, and parties end by the registrar", async () => {
    const { at, rpc, using, owner } = await agreed("five");
    const asOwner = [...at, ...rpc, ...(await using(owner.household)), "--json"];
    expect(await good("cap", "12.50", ...asOwner)).toMatchObject({ cap: "12.500000" });
    expect(await good("cap", "none", ...asOwner)).toMatchObject({ cap: "none" });
    const asRegistrar = [...at, ...rpc, ...(await using(registrar)), "--json"];
    const until = (await chain.market.provider.getBlock("latest"))?.timestamp ?? 0;
    expect(await run("retire", addressOf(owner.household), "--until", "tomorrow", ...asRegistrar)).toMatchObject(
      failed("usage-bad-time"),
    );
    await good("retire", addressOf(owner.household), ...asRegistrar);
    expect((await chain.market.registrar.partyOf(addressOf(owner.household))).until).toBeGreaterThanOrEqual(until);
    expect((await chain.market.registrar.partyOf(addressOf(owner.household))).until).toBeLessThan(until + 3600);
  });
});
