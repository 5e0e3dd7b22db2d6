import { keccak256 as keccakOfEthers } from "ethers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recordHead } from "../../settlement/record/record.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import { verifyBundle } from "../../settlement/verify/verify.ts";
import { type Anvil, startAnvil } from "../fake/anvil.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { randomBundle } from "../tampering/random-bundle.ts";
import { aggregator, exampleBundle, exampleTariffEpoch, household, midnightS } from "./fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "./market.ts";
import { keccak256 } from "./second-verifier/keccak.ts";
import { badOffline, badOnChain } from "./second-verifier/second-verifier.ts";

let anvil: Anvil;
let market: Market;
let bundle: Bundle;
beforeAll(async () => {
  anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  market = await openMarket(anvil);
  await registerBoth(market);
  const logger = await market.clientOf(aggregator.signer.privateKey);
  const tariff = exampleTariffEpoch();
  await logger.commit(aggregator.owner, 1, tariff.root, tariff.count, "0x");
  await market.warpTo(midnightS + 86_400);
  bundle = await exampleBundle(market.domain);
  await fund(market, household.owner, 1_000_000_000n);
  await market.funder.settle(recordHead(bundle.record), bundle.signatureA, bundle.signatureB);
  const { root, count } = bundle.inclusion ?? expect.fail("no inclusion");
  await logger.commit(aggregator.owner, 2, root, count, "0x");
});
afterAll(async () => {
  market.close();
  await anvil.stop();
});

it("its hash is keccak256", () => {
  for (const length of [0, 1, 31, 32, 135, 136, 137, 272, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) % 256);
    expect(keccak256(bytes)).toBe(keccakOfEthers(bytes));
  }
});

it("finds a good bundle good, against a real chain", async () => {
  expect(badOffline(bundle)).toEqual([]);
  expect(await badOnChain(bundle, anvil.url)).toEqual([]);
});

it("finds the same things bad on the chain", async () => {
  const change = (part: "inclusion" | "pricesInclusion", to: object) => ({ ...bundle, [part]: { ...bundle[part], ...to } });
  for (const changed of [
    change("inclusion", { count: 6 }),
    change("inclusion", { epoch: 1 }),
    change("pricesInclusion", { epoch: 2 }),
    { ...bundle, signatureA: bundle.signatureB, signatureB: bundle.signatureA },
  ]) {
    const bad = (await verifyBundle(changed, market.funder)).filter(({ verdict }) => verdict === "bad");
    expect(new Set(await badOnChain(changed, anvil.url))).toEqual(new Set(bad.map(({ check }) => check)));
  }
});

it("finds the same things bad in random bundles with one byte changed", async () => {
  const random = seededRandom(11);
  let compared = 0;
  for (let count = 0; count < 5; count++) {
    const { bundle: good } = await randomBundle(random);
    expect(badOffline(good)).toEqual([]);
    const text = JSON.stringify(good);
    for (let tries = 0; tries < 30; tries++) {
      const at = Math.floor(random() * text.length);
      const digit = "0123456789abcdef"[Math.floor(random() * 16)] ?? "0";
      const changed = `${text.slice(0, at)}${digit}${text.slice(at + 1)}`;
      const parsed = Bundle.safeParse(parsedOr(changed));
      if (!parsed.success || changed === text) continue;
      const bad = (await verifyBundle(parsed.data, null)).filter(({ verdict }) => verdict === "bad");
      // What can no longer be hashed at all speaks against every check that needs the hash.
      if (bad.some(({ detail }) => detail.startsWith("record field "))) continue;
      expect(badOffline(parsed.data).toSorted(), changed).toEqual(bad.map(({ check }) => check).toSorted());
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(25);
}, 120_000);

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
