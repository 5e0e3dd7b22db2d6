import { describe, expect, it } from "vitest";
import { signPossession } from "../../settlement/typed-calls.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import { addressOf, aggregator, household, keyOf, midnightS } from "./fixture.ts";
import { registerBoth } from "./market.ts";

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
