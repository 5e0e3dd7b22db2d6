import { beforeEach, describe, expect, it } from "vitest";
import { signWithdrawal, type Withdrawal } from "../../settlement/record/typed-calls.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import { addressOf, aggregator, exampleRecord, household, householdIsA, keyOf, midnightS, partyA, partyB } from "./fixture.ts";
import { fund, registerBoth } from "./market.ts";

const rig = contractRig();

describe("escrow", () => {
  it("takes deposits from anyone, for registered parties only", async () => {
    await expect(fund(rig.market, household.owner, 10n)).rejects.toEqual(code("settlement-unknown-party"));
    await registerBoth(rig.market);
    await fund(rig.market, household.owner, 10n);
    await fund(rig.market, household.owner, 5n);
    expect(await rig.balanceOf(household.owner)).toBe(15n);
    await expect(fund(rig.market, household.owner, 0n)).rejects.toEqual(code("settlement-zero-amount"));
    await expect(rig.market.funder.deposit(partyB.owner, partyA.owner, "a", 1n)).rejects.toEqual(
      code("settlement-parties-not-ordered"),
    );
  });

  it("refuses a deposit that the sender does not have", async () => {
    await registerBoth(rig.market);
    const poor = await rig.market.clientOf(keyOf("poor").privateKey);
    await expect(poor.deposit(partyA.owner, partyB.owner, "a", 1n)).rejects.toEqual(
      code("settlement-erc20-insufficient-balance"),
    );
  });

  describe("withdrawal", () => {
    const both = (withdrawal: Withdrawal): Promise<[string, string]> =>
      Promise.all([
        signWithdrawal(partyA.cold, rig.market.domain, withdrawal),
        signWithdrawal(partyB.cold, rig.market.domain, withdrawal),
      ]);
    const example = (): Withdrawal => ({
      a: partyA.owner,
      b: partyB.owner,
      amountA: 30n,
      amountB: 7n,
      nonce: 0,
      deadline: midnightS + 3 * day,
    });
    beforeEach(async () => {
      await rig.ready();
      await fund(rig.market, partyA.owner, 100n);
      await fund(rig.market, partyB.owner, 7n);
    });

    it("pays each owner from its own side when both have signed, once", async () => {
      const signatures = await both(example());
      await rig.market.funder.withdraw(example(), ...signatures);
      expect(await rig.pair()).toMatchObject({ balanceA: 70n, balanceB: 0n, withdrawals: 1 });
      expect(await rig.market.funder.tokenBalanceOf(partyA.owner)).toBe(30n);
      expect(await rig.market.funder.tokenBalanceOf(partyB.owner)).toBe(7n);
      await expect(rig.market.funder.withdraw(example(), ...signatures)).rejects.toEqual(code("settlement-wrong-nonce"));
    });

    it("refuses one signature twice, other amounts than signed and a passed deadline", async () => {
      const [sigA, sigB] = await both(example());
      await expect(rig.market.funder.withdraw(example(), sigB, sigB)).rejects.toEqual(code("settlement-not-owner"));
      await expect(rig.market.funder.withdraw(example(), sigA, sigA)).rejects.toEqual(code("settlement-not-owner"));
      await expect(rig.market.funder.withdraw({ ...example(), amountA: 31n }, sigA, sigB)).rejects.toEqual(
        code("settlement-not-owner"),
      );
      await rig.market.warpTo(midnightS + 4 * day);
      await expect(rig.market.funder.withdraw(example(), sigA, sigB)).rejects.toEqual(code("settlement-expired"));
    });

    it("never takes more than a side holds", async () => {
      for (const more of [{ amountA: 101n }, { amountB: 8n }]) {
        const tooMuch = { ...example(), ...more };
        const signatures = await both(tooMuch);
        await expect(rig.market.funder.withdraw(tooMuch, ...signatures)).rejects.toEqual(code("settlement-insufficient-escrow"));
      }
    });

    it("is still open to a party that was retired", async () => {
      await rig.market.registrar.retire(household.owner, 0);
      await rig.market.funder.withdraw(example(), ...(await both(example())));
      expect((await rig.pair()).balanceA).toBe(70n);
    });
  });

  it("takes many deposits of one payer in one transaction, all or none", async () => {
    await registerBoth(rig.market);
    const { funder } = rig.market;
    const [a, b] = [partyA.owner, partyB.owner];
    await funder.depositMany([
      { a, b, side: "a", amount: 5n },
      { a, b, side: "b", amount: 6n },
      { a, b, side: "a", amount: 7n },
    ]);
    expect(await rig.pair()).toMatchObject({ balanceA: 12n, balanceB: 6n });
    const stranger = addressOf(keyOf("stranger"));
    const [low, high] = stranger < b ? [stranger, b] : [b, stranger];
    await expect(
      funder.depositMany([
        { a, b, side: "a", amount: 5n },
        { a: low, b: high, side: "a", amount: 5n },
      ]),
    ).rejects.toEqual(code("settlement-unknown-party"));
    expect(await rig.pair()).toMatchObject({ balanceA: 12n, balanceB: 6n });
    await expect(funder.depositMany([{ a, b, side: "a", amount: 2n ** 96n }])).rejects.toEqual(code("settlement-too-much"));
  });

  describe("withdrawal by one side", () => {
    const request = (amount: bigint) => rig.homeOwner.requestWithdraw(partyA.owner, partyB.owner, amount);
    const execute = () => rig.homeOwner.executeWithdraw(partyA.owner, partyB.owner);
    const leaving = async () => {
      const { leavingA, leavingB } = await rig.pair();
      return householdIsA ? leavingA : leavingB;
    };
    beforeEach(async () => {
      await rig.ready();
      await fund(rig.market, household.owner, 2_000_000n);
    });

    it("pays after 30 days what was announced, and no earlier", async () => {
      await request(1_500_000n);
      expect(await leaving()).toBe(1_500_000n);
      await rig.market.warpTo(midnightS + 32 * day - 60);
      await expect(execute()).rejects.toEqual(code("settlement-too-early"));
      await rig.market.warpTo(midnightS + 32 * day + 60);
      await execute();
      expect(await rig.market.funder.tokenBalanceOf(household.owner)).toBe(1_500_000n);
      expect(await rig.balanceOf(household.owner)).toBe(500_000n);
      expect(await leaving()).toBe(0n);
      await expect(execute()).rejects.toEqual(code("settlement-no-request"));
    });

    it("leaves to the other side what a newer record says", async () => {
      await request(2_000_000n);
      await rig.market.warpTo(midnightS + 32 * day - 60);
      const record = exampleRecord(rig.market.domain);
      await rig.settle(record);
      expect(await leaving()).toBe(2_000_000n - BigInt(record.amount));
      await rig.market.warpTo(midnightS + 32 * day + 60);
      await execute();
      expect(await rig.market.funder.tokenBalanceOf(household.owner)).toBe(2_000_000n - BigInt(record.amount));
      expect(await rig.balanceOf(aggregator.owner)).toBe(BigInt(record.amount));
    });

    it("leaves what is still open from a partial settlement", async () => {
      const due = BigInt(exampleRecord(rig.market.domain).amount);
      const owners = [household.cold, aggregator.cold].map((wallet) => ({ wallet, owner: addressOf(wallet) }));
      const release = { a: partyA.owner, b: partyB.owner, amountA: 0n, amountB: 0n, nonce: 0, deadline: midnightS + 9 * day };
      const [amountA, amountB] = householdIsA ? [2_000_000n, 0n] : [0n, 2_000_000n];
      const signed = { ...release, amountA, amountB };
      const [sigA, sigB] = await Promise.all(
        owners
          .toSorted((one, other) => (one.owner < other.owner ? -1 : 1))
          .map(({ wallet }) => signWithdrawal(wallet, rig.market.domain, signed)),
      );
      await rig.market.funder.withdraw(signed, sigA ?? "", sigB ?? "");
      await rig.settle(exampleRecord(rig.market.domain), "settlePartial");
      await fund(rig.market, household.owner, due + 10n);
      await request(due + 10n);
      expect(await leaving()).toBe(10n);
      await rig.market.warpTo(midnightS + 33 * day);
      await execute();
      expect(await rig.balanceOf(household.owner)).toBe(due);
    });

    it("lapses, and is taken back, and is for the owner alone", async () => {
      const { market } = rig;
      const hot = await market.clientOf(household.signer.privateKey);
      await expect(hot.requestWithdraw(partyA.owner, partyB.owner, 1n)).rejects.toEqual(code("settlement-not-in-pair"));
      await expect(request(2_000_001n)).rejects.toEqual(code("settlement-insufficient-escrow"));
      await expect(request(0n)).rejects.toEqual(code("settlement-zero-amount"));
      await request(5n);
      await rig.homeOwner.cancelWithdraw(partyA.owner, partyB.owner);
      expect(await leaving()).toBe(0n);
      await expect(rig.homeOwner.cancelWithdraw(partyA.owner, partyB.owner)).rejects.toEqual(code("settlement-no-request"));
      await request(5n);
      await market.warpTo(midnightS + 63 * day);
      expect(await leaving()).toBe(0n);
      await expect(execute()).rejects.toEqual(code("settlement-no-request"));
    });
  });
});
