import { expect, it } from "vitest";
import { AppError } from "../../../core/app-error.ts";
import type { ChainReader } from "../../../settlement/chain/chain-reader.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { seededRandom } from "../../fuzz/mutate.ts";
import { randomBundle } from "../../tampering/random-bundle.ts";
import { addressOf, exampleBundle, keyOf } from "../fixture.ts";

/*
 * A bundle names the node that may be asked, so both may be its author's: neither may write on the reader's screen, or end
 * the check by what it says.
 */

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const screen = "\u001b[2J\u001b[Hgood     format\nverdict: good\u2028\u202e";
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const hostile = (change: Partial<ChainReader>): ChainReader => {
  const silent = () => Promise.reject(new AppError("chain-unreachable", `no answer: ${screen}`, { temporary: true }));
  return { ...domain, partyOf: silent, keyOf: silent, pairOf: silent, readCommit: silent, ...change };
};

it("does not let names in a bundle write lines of their own, however long they are", async () => {
  const findings = await verifyBundle({ ...(await exampleBundle(domain)), [screen]: 1, ["k".repeat(100_000)]: 1 }, null);
  expect(findings[0]).toMatchObject({ check: "format", verdict: "bad" });
  for (const { detail } of findings) expect(detail).not.toMatch(controls);
  expect(findings[0]?.detail.length).toBeLessThan(3000);
});

it("does not let a node write lines of its own", async () => {
  const findings = await verifyBundle(await exampleBundle(domain), hostile({}));
  expect(findings.find(({ check }) => check === "settled")?.detail).toContain("no answer: ?[2J");
  for (const { detail } of findings) expect(detail).not.toMatch(controls);
});

it("finishes where a node names a time that is none", async () => {
  const bundle = await exampleBundle(domain);
  const readCommit: ChainReader["readCommit"] = (by, epoch) =>
    Promise.resolve(
      [bundle.inclusion, bundle.pricesInclusion]
        .filter((one) => one?.by === by && one.epoch === epoch)
        .map((one) => ({ root: one?.root ?? "", count: one?.count ?? 0, time: 2 ** 64 }))[0],
    );
  const findings = await verifyBundle(bundle, hostile({ readCommit }));
  expect(findings.find(({ check }) => check === "prices-committed")).toMatchObject({ verdict: "bad" });
  expect(findings.find(({ check }) => check === "root-on-chain")?.detail).toContain("+275760-09-13");
});

it("finds a time bad that no signature can be about, in what was traded too", async () => {
  const random = seededRandom(1);
  for (let tried = 0; tried < 500; tried++) {
    const { bundle } = await randomBundle(random);
    const { trade } = bundle.evidence;
    if (!trade) continue;
    const own = { ...trade.own, order: { ...trade.own.order, validUntil: "0026-03-02T10:00:00.000Z" } };
    const changed = { ...bundle, evidence: { ...bundle.evidence, trade: { ...trade, own } } };
    const findings = await verifyBundle(changed, null);
    expect(findings.find(({ check }) => check === "amount")).toMatchObject({ verdict: "bad" });
    return;
  }
  throw new Error("none of 500 random bundles is about a trade");
});
