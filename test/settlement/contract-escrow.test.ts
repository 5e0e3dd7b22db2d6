import { beforeEach, describe, expect, it } from "vitest";
import { signWithdrawal, type Withdrawal } from "../../settlement/typed-calls.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import { household, keyOf, midnightS, partyA, partyB } from "./fixture.ts";
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
});
