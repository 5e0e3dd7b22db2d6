import { concat, toBeHex, type Wallet } from "ethers";
import { describe, expect, it } from "vitest";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { recordDigest, recordHead, signRecord } from "../../settlement/record/record.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import {
  addressOf,
  after,
  aggregator,
  bothSign,
  exampleEvidence,
  exampleRecord,
  household,
  keyOf,
  midnightS,
  partyA,
  partyB,
} from "./fixture.ts";
import { fund, registerBoth } from "./market.ts";

const rig = contractRig();

describe("settle", () => {
  it("moves what the newest record says from the payer's side to the other", async () => {
    await rig.ready();
    await fund(rig.market, household.owner, 5_000_000n);
    const record = exampleRecord(rig.market.domain);
    await rig.settle(record);
    const due = BigInt(record.amount);
    expect(due).toBeGreaterThan(0n);
    expect(await rig.balanceOf(household.owner)).toBe(5_000_000n - due);
    expect(await rig.balanceOf(aggregator.owner)).toBe(due);
    expect(await rig.pair()).toMatchObject({ seq: 1, open: 0n, head: recordDigest(rig.market.domain, record) });
  });

  it("pays for all records before with the newest one, netted", async () => {
    await rig.ready();
    const first = exampleRecord(rig.market.domain);
    const evidence = exampleEvidence("export", [9000, 9000, 9000, 9000]);
    const second = exampleRecord(rig.market.domain, { previous: first, kind: "export", evidence });
    const net = BigInt(second.amount) - BigInt(first.amount);
    expect(net).toBeGreaterThan(0n);
    await fund(rig.market, aggregator.owner, net);
    await rig.settle(second);
    expect(await rig.balanceOf(household.owner)).toBe(net);
    expect(await rig.balanceOf(aggregator.owner)).toBe(0n);
    await expect(rig.settle(first)).rejects.toEqual(code("settlement-stale-seq"));
    await expect(rig.settle(second)).rejects.toEqual(code("settlement-stale-seq"));
  });

  it("reverts with InsufficientEscrow where the payer lacks one micro-unit, and changes nothing", async () => {
    await rig.ready();
    const record = exampleRecord(rig.market.domain);
    await fund(rig.market, household.owner, BigInt(record.amount) - 1n);
    await fund(rig.market, aggregator.owner, 1_000_000n);
    const before = await rig.pair();
    await expect(rig.settle(record)).rejects.toMatchObject({
      code: "settlement-insufficient-escrow",
      message: expect.stringContaining(`due ${record.amount}, balance ${BigInt(record.amount) - 1n}`),
    });
    expect(await rig.pair()).toEqual(before);
    await fund(rig.market, household.owner, 1n);
    await rig.settle(record);
    expect(await rig.balanceOf(household.owner)).toBe(0n);
  });

  it.each([
    ["import", household.owner, aggregator.owner],
    ["export", aggregator.owner, household.owner],
  ] as const)("books a shortfall in settlePartial, and the next settlement takes it: %s", async (kind, payer, payee) => {
    await rig.ready();
    const next = (previous: RecordWire | null, startS: number) =>
      exampleRecord(rig.market.domain, { previous, startS, kind, evidence: exampleEvidence(kind, [800, 90, 7, 300], startS) });
    const first = next(null, 0);
    await fund(rig.market, payer, 100n);
    await rig.settle(first, "settlePartial");
    const missing = BigInt(first.amount) - 100n;
    expect(await rig.balanceOf(payee)).toBe(100n);
    expect((await rig.pair()).open).toBe(payer === partyA.owner ? missing : -missing);
    const second = next(first, 3600);
    await fund(rig.market, payer, missing + BigInt(second.amount) - 1n);
    await expect(rig.settle(second)).rejects.toEqual(code("settlement-insufficient-escrow"));
    await fund(rig.market, payer, 1n);
    await rig.settle(second);
    expect((await rig.pair()).open).toBe(0n);
    expect(await rig.balanceOf(payee)).toBe(BigInt(first.amount) + BigInt(second.amount));
  });

  it("lets anyone collect a shortfall once there is money", async () => {
    await rig.ready();
    const { funder } = rig.market;
    const record = exampleRecord(rig.market.domain);
    await rig.settle(record, "settlePartial");
    await expect(funder.collect(partyA.owner, partyB.owner)).rejects.toEqual(code("settlement-nothing-to-collect"));
    await fund(rig.market, household.owner, 40n);
    await funder.collect(partyA.owner, partyB.owner);
    expect(await rig.balanceOf(aggregator.owner)).toBe(40n);
    await fund(rig.market, household.owner, 10_000_000n);
    await funder.collect(partyA.owner, partyB.owner);
    expect(await rig.balanceOf(aggregator.owner)).toBe(BigInt(record.amount));
    await expect(funder.collect(partyA.owner, partyB.owner)).rejects.toEqual(code("settlement-nothing-to-collect"));
  });

  it.each(["import", "export"] as const)("refuses totals that fall, on either side: %s", async (kind) => {
    await rig.ready();
    await fund(rig.market, household.owner, 5_000_000n);
    await fund(rig.market, aggregator.owner, 5_000_000n);
    const first = exampleRecord(rig.market.domain, { kind, evidence: exampleEvidence(kind, [1000]) });
    await rig.settle(first);
    await expect(rig.settle({ ...first, seq: 2, cumA: "0", cumB: "0" })).rejects.toEqual(code("settlement-falling-total"));
  });

  it("refuses any signature but those of the two signers, each in its place, for this contract and chain", async () => {
    await rig.ready();
    await fund(rig.market, household.owner, 5_000_000n);
    const { domain, funder } = rig.market;
    const record = exampleRecord(domain);
    const head = recordHead(record);
    const [sigA, sigB] = await bothSign(domain, record);
    const mallory = await signRecord(keyOf("mallory"), domain, record);
    const [otherChainA] = await bothSign({ ...domain, chainId: 1 }, record);
    const [otherContractA] = await bothSign({ ...domain, contract: addressOf(keyOf("fake contract")) }, record);
    const [otherRecordA] = await bothSign(domain, { ...record, wh: record.wh + 1 });
    const highS = toBeHex(
      0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt(`0x${sigA.slice(66, 130)}`),
      32,
    );
    const twin = concat([sigA.slice(0, 66), highS, sigA.endsWith("1b") ? "0x1c" : "0x1b"]);
    for (const wrong of [mallory, otherChainA, otherContractA, otherRecordA, sigB, twin, "0x"])
      await expect(funder.settle(head, wrong, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
    await expect(funder.settle(head, sigA, mallory)).rejects.toEqual(code("settlement-wrong-signer"));
    await expect(funder.settle({ ...head, end: head.end + 1 }, sigA, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
    await funder.settle(head, sigA, sigB);
  });

  it("refuses parties that are not registered, or not for the whole period", async () => {
    await rig.market.warpTo(midnightS + 1800);
    await expect(rig.settle(exampleRecord(rig.market.domain))).rejects.toEqual(code("settlement-unknown-party"));
    await registerBoth(rig.market);
    await rig.market.warpTo(midnightS + 2 * day);
    await fund(rig.market, household.owner, 50_000_000n);
    await expect(rig.settle(exampleRecord(rig.market.domain))).rejects.toEqual(code("settlement-party-not-valid"));
    await rig.settle(exampleRecord(rig.market.domain, { startS: 3600 }));
  });

  it("settles the time before a retirement and nothing after", async () => {
    await registerBoth(rig.market);
    await rig.market.registrar.retire(aggregator.owner, midnightS + 5400);
    await rig.market.warpTo(midnightS + 2 * day);
    await fund(rig.market, household.owner, 50_000_000n);
    const before = exampleRecord(rig.market.domain);
    await rig.settle(before);
    const over = exampleRecord(rig.market.domain, { previous: before, startS: 3600 });
    await expect(rig.settle(over)).rejects.toEqual(code("settlement-party-not-valid"));
  });

  it("refuses a period that ends more than an hour ahead", async () => {
    await registerBoth(rig.market);
    await fund(rig.market, household.owner, 50_000_000n);
    await rig.market.warpTo(midnightS - 60);
    await expect(rig.settle(exampleRecord(rig.market.domain))).rejects.toEqual(code("settlement-future-end"));
    await rig.market.warpTo(midnightS + 1);
    await rig.settle(exampleRecord(rig.market.domain));
  });

  it("refuses parties in the wrong order and periods without length", async () => {
    await rig.ready();
    const record = exampleRecord(rig.market.domain);
    const head = recordHead(record);
    const [sigA, sigB] = await bothSign(rig.market.domain, record);
    await expect(rig.market.funder.settle({ ...head, a: head.b, b: head.a }, sigB, sigA)).rejects.toEqual(
      code("settlement-parties-not-ordered"),
    );
    await expect(rig.market.funder.settle({ ...head, end: head.start }, sigA, sigB)).rejects.toEqual(
      code("settlement-bad-period"),
    );
  });

  it("stays within the gas that a settlement may cost", async () => {
    await rig.ready();
    await fund(rig.market, household.owner, 50_000_000n);
    await fund(rig.market, aggregator.owner, 50_000_000n);
    const first = exampleRecord(rig.market.domain);
    expect((await rig.settle(first)).gasUsed).toBeLessThan(125_000n);
    expect((await rig.settle(exampleRecord(rig.market.domain, { previous: first, startS: 3600 }))).gasUsed).toBeLessThan(78_000n);
  });
});

describe("settling many", () => {
  it("settles the good ones, says which failed and why, and foretells it", async () => {
    await rig.ready();
    const { domain, funder, registrar } = rig.market;
    const exchange = { owner: addressOf(keyOf("exchange owner")), signer: keyOf("exchange signer") };
    await registrar.register(
      exchange.owner,
      addressOf(exchange.signer),
      await signPossession(exchange.signer, domain, exchange.owner),
    );
    await rig.market.warpTo(midnightS + 3 * day);
    await fund(rig.market, household.owner, 50_000_000n);
    const record = exampleRecord(domain);
    const [a, b] = exchange.owner < household.owner ? [exchange, household] : [household, exchange];
    const traded: RecordWire = {
      ...record,
      a: a.owner,
      b: b.owner,
      payer: a.owner,
      start: after(2 * day + 3600),
      end: after(2 * day + 7200),
    };
    const poor = { ...traded, cumA: "7", cumB: "0" };
    const signed = async (one: RecordWire, signers: readonly Wallet[]) => {
      const [signatureA = "", signatureB = ""] = await Promise.all(signers.map((by) => signRecord(by, domain, one)));
      return { head: recordHead(one), signatureA, signatureB };
    };
    const many = [
      await signed(poor, [a.signer, b.signer]),
      await signed(record, [partyB.signer, partyA.signer]),
      await signed(record, [partyA.signer, partyB.signer]),
      await signed(record, [partyA.signer, partyB.signer]),
    ];
    const short = { a: a.owner, b: b.owner, seq: 1, code: "settlement-insufficient-escrow" };
    const forged = { a: record.a, b: record.b, seq: 1, code: "settlement-wrong-signer" };
    const again = { ...forged, code: "settlement-stale-seq" };
    expect(await funder.previewSettleMany(many)).toMatchObject([short, forged, again]);
    const { failed } = await funder.settleMany(many);
    expect(failed).toMatchObject([short, forged, again]);
    expect(await rig.balanceOf(aggregator.owner)).toBe(BigInt(record.amount));
    expect((await funder.pairOf(a.owner, b.owner)).seq).toBe(0);
  });

  it("has nothing to do for no records", async () => {
    expect(await rig.market.funder.settleMany([])).toMatchObject({ failed: [] });
  });
});
