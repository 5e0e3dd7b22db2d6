import { describe, expect, it } from "vitest";
import { Agreement, SignedAgreement } from "../../../settlement/record/agreement.ts";
import { agreementHash, signAgreement, verifyAgreement } from "../../../settlement/record/sign-agreement.ts";
import { addressOf, exampleAgreement, keyOf, midnight, partyA, partyB, signBoth } from "../fixture.ts";

const agreement = exampleAgreement({ chainId: 31_337, contract: addressOf(keyOf("some contract")) });

describe("an agreement", () => {
  it("passes its schema, and signed by both its check", async () => {
    expect(Agreement.parse(agreement)).toEqual(agreement);
    const signed = SignedAgreement.parse(await signBoth(agreement));
    expect(verifyAgreement(signed)).toBe(agreementHash(agreement));
  });

  it.each<[string, Partial<Record<keyof Agreement, unknown>>]>([
    ["parties in the wrong order", { a: agreement.b, b: agreement.a }],
    ["one party twice", { a: agreement.b }],
    ["an aggregator who is no party", { aggregator: addressOf(keyOf("mallory")) }],
    ["an end before its start", { until: midnight }],
    ["a period of a minute", { periodS: 60 }],
    ["a period of two days", { periodS: 172_800 }],
    ["a zone that does not exist", { timezone: "Europe/Utopia" }],
    ["a negative reward", { reward: { kind: "per_day", amount: "-1" } }],
    ["a reward written in two ways", { reward: { kind: "per_day", amount: "007" } }],
    ["a reward rule that is not known", { reward: { kind: "per_kwh", amount: "1" } }],
    ["a start inside a second", { from: "2026-03-01T23:00:00.25Z" }],
    ["a term that is not known", { bonus: "1" } as Record<string, unknown>],
  ])("is refused with %s", (_, change) => {
    expect(Agreement.safeParse({ ...agreement, ...change }).success).toBe(false);
  });

  it("is refused when either side has signed other terms, another place, or not at all", async () => {
    const signed = await signBoth(agreement);
    const others = await Promise.all(
      [
        { ...agreement, periodS: 900 },
        { ...agreement, chainId: 1 },
        { ...agreement, settlementContract: agreement.a },
      ].map((terms) => signAgreement(partyA.signer, terms)),
    );
    const refused = expect.objectContaining({ code: "agreement-not-signed" });
    for (const signatureA of [...others, signed.signatureB, `0x${"0".repeat(130)}`])
      expect(() => verifyAgreement({ ...signed, signatureA })).toThrow(refused);
    expect(() => verifyAgreement({ ...signed, signatureB: signed.signatureA })).toThrow(refused);
    expect(await signAgreement(partyB.signer, agreement)).toBe(signed.signatureB);
  });
});
