import { id, type Wallet } from "ethers";
import { describe, expect, it } from "vitest";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import { recordDigest, recordHead, signRecord } from "../../settlement/record/record.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import { addressOf, after, aggregator, bothSign, exampleRecord, household, householdIsA, keyOf, midnightS } from "./fixture.ts";
import { fund, registerBoth } from "./market.ts";

const rig = contractRig();

describe("registration", () => {
  it("keeps signer and dates, once per owner", async () => {
    await registerBoth(rig.market);
    const { signer, since, until } = await rig.market.funder.partyOf(household.owner);
    expect(signer).toBe(addressOf(household.signer));
    expect(since).toBeGreaterThanOrEqual(midnightS - day);
    expect(until).toBe(2 ** 40 - 1);
    await expect(registerBoth(rig.market)).rejects.toEqual(code("settlement-already-registered"));
  });

  it("is for the registrar only", async () => {
    const pop = await signPossession(household.signer, rig.market.domain, household.owner);
    await expect(rig.market.funder.register(household.owner, addressOf(household.signer), pop)).rejects.toEqual(
      code("settlement-not-registrar"),
    );
    await expect(rig.market.funder.retire(household.owner, 0)).rejects.toEqual(code("settlement-not-registrar"));
  });

  it("refuses a key whose holder did not agree to sign for this owner", async () => {
    const signer = addressOf(household.signer);
    const byOther = await signPossession(keyOf("mallory"), rig.market.domain, household.owner);
    const forOther = await signPossession(household.signer, rig.market.domain, aggregator.owner);
    const elsewhere = await signPossession(household.signer, { ...rig.market.domain, chainId: 1 }, household.owner);
    for (const pop of [byOther, forOther, elsewhere, "0x"])
      await expect(rig.market.registrar.register(household.owner, signer, pop)).rejects.toEqual(code("settlement-wrong-signer"));
  });

  it("never backdates or puts off a retirement", async () => {
    await rig.ready();
    const { registrar } = rig.market;
    await expect(registrar.retire(household.owner, midnightS)).rejects.toEqual(code("settlement-bad-retirement"));
    await registrar.retire(household.owner, midnightS + 5 * day);
    await expect(registrar.retire(household.owner, midnightS + 6 * day)).rejects.toEqual(code("settlement-bad-retirement"));
    await registrar.retire(household.owner, 0);
    const { until } = await registrar.partyOf(household.owner);
    expect(until).toBeGreaterThanOrEqual(midnightS + 2 * day);
    expect(until).toBeLessThan(midnightS + 3 * day);
    await expect(registrar.retire(addressOf(keyOf("nobody")), 0)).rejects.toEqual(code("settlement-unknown-party"));
  });
});

describe("keys", () => {
  const pop = (wallet: Wallet, owner = household.owner) => signPossession(wallet, rig.market.domain, owner);
  const next = keyOf("household next signer");
  const settleWith = async (record: RecordWire, by: Wallet) => {
    const signature = await signRecord(by, rig.market.domain, record);
    const other = await signRecord(aggregator.signer, rig.market.domain, record);
    return rig.market.funder.settle(
      recordHead(record),
      ...(householdIsA ? ([signature, other] as const) : ([other, signature] as const)),
    );
  };
  const rotate = async () => rig.homeOwner.rotate(addressOf(next), await pop(next));
  const inEscrow = () => fund(rig.market, household.owner, 50_000_000n);

  it("lets the owner replace its signer; the old one stays good for a window, for periods of before", async () => {
    await rig.ready();
    await inEscrow();
    const before = exampleRecord(rig.market.domain);
    await rotate();
    expect(await rig.market.funder.partyOf(household.owner)).toMatchObject({ signer: addressOf(next) });
    const old = await rig.market.funder.keyOf(addressOf(household.signer));
    expect(old).toMatchObject({ owner: household.owner, revoked: false });
    const later = { ...before, start: after(2 * day + 3600), end: after(2 * day + 7200) };
    await rig.market.warpTo(midnightS + 3 * day);
    await expect(settleWith(later, household.signer)).rejects.toEqual(code("settlement-key-over"));
    await settleWith(before, household.signer);
    await settleWith({ ...later, seq: 2 }, next);
  });

  it("drops the old signer after the window, and takes the new one or the owner for the same record", async () => {
    await rig.ready();
    await inEscrow();
    const before = exampleRecord(rig.market.domain);
    await rotate();
    await rig.market.warpTo(midnightS + 33 * day);
    await expect(settleWith(before, household.signer)).rejects.toEqual(code("settlement-key-over"));
    await settleWith(before, next);
    await settleWith(exampleRecord(rig.market.domain, { previous: before, startS: 3600 }), household.cold);
  });

  it("takes nothing of a revoked signer from the next block on, and the owner's own signature instead", async () => {
    await rig.ready();
    await inEscrow();
    await rig.homeOwner.revoke(addressOf(household.signer));
    expect(await rig.market.funder.partyOf(household.owner)).toMatchObject({ signer: null });
    const record = exampleRecord(rig.market.domain);
    await expect(settleWith(record, household.signer)).rejects.toEqual(code("settlement-key-over"));
    await settleWith(record, household.cold);
    await expect(rig.homeOwner.revoke(addressOf(household.signer))).rejects.toEqual(code("settlement-no-key"));
    await rotate();
    await settleWith(exampleRecord(rig.market.domain, { previous: record, startS: 3600 }), next);
  });

  it("is the owner's business alone, and never gives a key a second life", async () => {
    await rig.ready();
    await expect(rig.aggregatorOwner.revoke(addressOf(household.signer))).rejects.toEqual(code("settlement-no-key"));
    await expect(rig.market.funder.revoke(addressOf(household.signer))).rejects.toEqual(code("settlement-unknown-party"));
    await expect(rig.market.registrar.rotate(addressOf(next), await pop(next))).rejects.toEqual(code("settlement-unknown-party"));
    await expect(rig.homeOwner.rotate(addressOf(next), await pop(keyOf("mallory")))).rejects.toEqual(
      code("settlement-wrong-signer"),
    );
    await rotate();
    for (const taken of [household.signer, household.cold, aggregator.signer])
      await expect(rig.homeOwner.rotate(addressOf(taken), await pop(taken))).rejects.toEqual(code("settlement-key-taken"));
    await expect(rig.market.registrar.register(addressOf(keyOf("new")), `0x${"0".repeat(40)}`, "0x")).rejects.toEqual(
      code("settlement-zero-address"),
    );
  });

  it("settles what was committed before a revocation, and nothing that was committed after", async () => {
    await rig.ready();
    const { domain, funder } = rig.market;
    const [logged, unlogged] = [exampleRecord(domain), exampleRecord(domain, { startS: 3600 })];
    const other = [id("one"), id("two")];
    const first = buildEpoch([recordDigest(domain, logged), ...other]);
    await rig.aggregatorOwner.commit(aggregator.owner, 1, first.root, 3, "0x");
    await rig.market.warpTo(midnightS + 3 * day);
    await rig.homeOwner.revoke(addressOf(household.signer));
    const second = buildEpoch([recordDigest(domain, unlogged), ...other]);
    await rig.aggregatorOwner.commit(aggregator.owner, 2, second.root, 3, "0x");
    const signatures = await bothSign(domain, logged);
    const late = { by: aggregator.owner, epoch: 2, proof: second.proofOf(recordDigest(domain, unlogged)) };
    await expect(funder.settleLogged(recordHead(unlogged), ...(await bothSign(domain, unlogged)), late)).rejects.toEqual(
      code("settlement-key-over"),
    );
    const where = { by: aggregator.owner, epoch: 1, proof: first.proofOf(recordDigest(domain, logged)) };
    for (const wrong of [{ epoch: 2 }, { by: household.owner }, { proof: [] }])
      await expect(funder.settleLogged(recordHead(logged), ...signatures, { ...where, ...wrong })).rejects.toEqual(
        code("settlement-not-included"),
      );
    await fund(rig.market, household.owner, 10n);
    await funder.settleLogged(recordHead(logged), ...signatures, where);
    expect(await rig.pair()).toMatchObject({ seq: 1 });
    expect(await rig.balanceOf(aggregator.owner)).toBe(10n);
  });

  it("bounds what a signer can make its owner owe, by the days since the last settlement", async () => {
    await rig.ready();
    await inEscrow();
    const record = exampleRecord(rig.market.domain);
    const due = BigInt(record.amount);
    await rig.homeOwner.setDailyCap(due / 12n);
    await rig.market.warpTo(midnightS + 8 * day);
    const seven = exampleRecord(rig.market.domain, { salt: id("still without a cap") });
    await settleWith(seven, household.signer);
    await rig.market.warpTo(midnightS + 18 * day);
    const next2 = exampleRecord(rig.market.domain, { previous: seven, startS: 3600 });
    expect(BigInt(next2.amount)).toBeGreaterThan((due / 12n) * 11n);
    await expect(settleWith(next2, household.signer)).rejects.toMatchObject({
      code: "settlement-daily-cap-exceeded",
      message: expect.stringContaining(`growth ${next2.amount}`),
    });
    await settleWith(next2, household.cold);
    const last = exampleRecord(rig.market.domain, { previous: next2, startS: 7200 });
    await expect(settleWith(last, household.signer)).rejects.toEqual(code("settlement-daily-cap-exceeded"));
    await rig.homeOwner.setDailyCap(null);
    await settleWith(last, household.signer);
  });
});
