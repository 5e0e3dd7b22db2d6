import { expect, it } from "vitest";
import { recordDigest } from "../../../settlement/record/record.ts";
import type { Bundle } from "../../../settlement/verify/bundle.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { addressOf, aggregator, bothSign, exampleAgreement, exampleBundle, keyOf, signBoth } from "../fixture.ts";
import { badOffline } from "../second-verifier/second-verifier.ts";
import { houseOrder, tradeEvidence, tradeRecord } from "../trades.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };

/** A trade that both have signed, as the exchange would make it and as a dishonest pair might. */
async function bundleOf(
  change: { order?: Parameters<typeof houseOrder>[1]; trade?: object; signer?: ReturnType<typeof keyOf>; amount?: string } = {},
): Promise<Bundle> {
  const honest = await tradeEvidence(domain, houseOrder("sell", change.order));
  const evidence = await tradeEvidence(domain, houseOrder("sell", change.order), change.trade, change.signer);
  const made = tradeRecord(domain, honest);
  const amount = change.amount ?? made.amount;
  const record = { ...made, amount, [made.payer === made.a ? "cumA" : "cumB"]: amount };
  const [signatureA, signatureB] = await bothSign(domain, record);
  const example = await exampleBundle(domain);
  return {
    ...example,
    record,
    evidence,
    digest: recordDigest(domain, record),
    agreement: await signBoth(exampleAgreement(domain)),
    prices: null,
    signatureA,
    signatureB,
    previous: null,
    inclusion: null,
    pricesInclusion: null,
  };
}

const badOf = async (bundle: Bundle): Promise<string[]> =>
  (await verifyBundle(bundle, null)).filter(({ verdict }) => verdict === "bad").map(({ check }) => check);

it("proves a trade, and both verifiers find the same things bad in those that are none", async () => {
  const good = await bundleOf();
  expect(await badOf(good)).toEqual([]);
  expect((await verifyBundle(good, null)).find(({ check }) => check === "amount")).toMatchObject({ verdict: "good" });
  const { record } = good;
  const cases: [Bundle, string[]][] = [
    [good, []],
    [await bundleOf({ trade: { wh: 499 } }), ["evidence", "amount"]],
    [await bundleOf({ trade: { price: "170000" } }), ["evidence", "amount"]],
    [await bundleOf({ signer: aggregator.signer }), ["signatures"]],
    [await bundleOf({ amount: "89999" }), ["amount"]],
    [{ ...good, record: { ...record, kind: "fee" as const } }, ["record-hash", "signatures"]],
  ];
  for (const [bundle, expected] of cases) {
    expect(new Set(await badOf(bundle))).toEqual(new Set(expected));
    expect(new Set(badOffline(bundle))).toEqual(new Set(expected));
  }
});
