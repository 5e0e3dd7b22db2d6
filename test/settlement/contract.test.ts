import { concat, id, toBeHex } from "ethers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { buildEpoch } from "../../settlement/epoch.ts";
import { recordDigest, recordHead, signRecord } from "../../settlement/record.ts";
import { signPossession, signWithdrawal, type Withdrawal } from "../../settlement/typed-calls.ts";
import { type Anvil, startAnvil } from "../fake/anvil.ts";
import {
  addressOf,
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
import { fund, type Market, openMarket, registerBoth } from "./market.ts";

const day = 86_400;
let anvil: Anvil;
let market: Market;

/** Blocks start a day before the first service period, so parties can be registered in time. */
beforeEach(async () => {
  anvil = await startAnvil({ timestamp: midnightS - day });
  market = await openMarket(anvil);
});
afterEach(async () => {
  market.close();
  await anvil.stop();
});

const pair = () => market.funder.pairOf(partyA.owner, partyB.owner);
const balanceOf = async (owner: string): Promise<bigint> => {
  const { balanceA, balanceB } = await pair();
  return owner === partyA.owner ? balanceA : balanceB;
};
const settle = async (record: RecordWire, how: "settle" | "settlePartial" = "settle") =>
  market.funder[how](recordHead(record), ...(await bothSign(market.domain, record)));
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Both parties registered, two days on. */
async function ready(): Promise<void> {
  await registerBoth(market);
  await market.warpTo(midnightS + 2 * day);
}

describe("registration", () => {
  it("keeps signer and dates, once per owner", async () => {
    await registerBoth(market);
    const { signer, since, until } = await market.funder.partyOf(household.owner);
    expect(signer).toBe(addressOf(household.signer));
    expect(since).toBeGreaterThanOrEqual(midnightS - day);
    expect(until).toBe(2 ** 48 - 1);
    await expect(registerBoth(market)).rejects.toEqual(code("settlement-already-registered"));
  });

  it("is for the registrar only", async () => {
    const pop = await signPossession(household.signer, market.domain, household.owner);
    await expect(market.funder.register(household.owner, addressOf(household.signer), pop)).rejects.toEqual(
      code("settlement-not-registrar"),
    );
    await expect(market.funder.retire(household.owner, 0)).rejects.toEqual(code("settlement-not-registrar"));
  });

  it("refuses a key whose holder did not agree to sign for this owner", async () => {
    const signer = addressOf(household.signer);
    const byOther = await signPossession(keyOf("mallory"), market.domain, household.owner);
    const forOther = await signPossession(household.signer, market.domain, aggregator.owner);
    const elsewhere = await signPossession(household.signer, { ...market.domain, chainId: 1 }, household.owner);
    for (const pop of [byOther, forOther, elsewhere, "0x"])
      await expect(market.registrar.register(household.owner, signer, pop)).rejects.toEqual(code("settlement-wrong-signer"));
  });

  it("never backdates or puts off a retirement", async () => {
    await ready();
    const { registrar } = market;
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

describe("settle", () => {
  it("moves what the newest record says from the payer's side to the other", async () => {
    await ready();
    await fund(market, household.owner, 5_000_000n);
    const record = exampleRecord(market.domain);
    await settle(record);
    const due = BigInt(record.amount);
    expect(due).toBeGreaterThan(0n);
    expect(await balanceOf(household.owner)).toBe(5_000_000n - due);
    expect(await balanceOf(aggregator.owner)).toBe(due);
    expect(await pair()).toMatchObject({ seq: 1, open: 0n, head: recordDigest(market.domain, record) });
  });

  it("pays for all records before with the newest one, netted", async () => {
    await ready();
    const first = exampleRecord(market.domain);
    const evidence = exampleEvidence("export", [9000, 9000, 9000, 9000]);
    const second = exampleRecord(market.domain, { previous: first, kind: "export", evidence });
    const net = BigInt(second.amount) - BigInt(first.amount);
    expect(net).toBeGreaterThan(0n);
    await fund(market, aggregator.owner, net);
    await settle(second);
    expect(await balanceOf(household.owner)).toBe(net);
    expect(await balanceOf(aggregator.owner)).toBe(0n);
    await expect(settle(first)).rejects.toEqual(code("settlement-stale-seq"));
    await expect(settle(second)).rejects.toEqual(code("settlement-stale-seq"));
  });

  it("reverts with InsufficientEscrow where the payer lacks one micro-unit, and changes nothing", async () => {
    await ready();
    const record = exampleRecord(market.domain);
    await fund(market, household.owner, BigInt(record.amount) - 1n);
    await fund(market, aggregator.owner, 1_000_000n);
    const before = await pair();
    await expect(settle(record)).rejects.toMatchObject({
      code: "settlement-insufficient-escrow",
      message: expect.stringContaining(`due ${record.amount}, balance ${BigInt(record.amount) - 1n}`),
    });
    expect(await pair()).toEqual(before);
    await fund(market, household.owner, 1n);
    await settle(record);
    expect(await balanceOf(household.owner)).toBe(0n);
  });

  it.each([
    ["import", household.owner, aggregator.owner],
    ["export", aggregator.owner, household.owner],
  ] as const)("books a shortfall in settlePartial, and the next settlement takes it: %s", async (kind, payer, payee) => {
    await ready();
    const next = (previous: RecordWire | null, startS: number) =>
      exampleRecord(market.domain, { previous, startS, kind, evidence: exampleEvidence(kind, [800, 90, 7, 300], startS) });
    const first = next(null, 0);
    await fund(market, payer, 100n);
    await settle(first, "settlePartial");
    const missing = BigInt(first.amount) - 100n;
    expect(await balanceOf(payee)).toBe(100n);
    expect((await pair()).open).toBe(payer === partyA.owner ? missing : -missing);
    const second = next(first, 3600);
    await fund(market, payer, missing + BigInt(second.amount) - 1n);
    await expect(settle(second)).rejects.toEqual(code("settlement-insufficient-escrow"));
    await fund(market, payer, 1n);
    await settle(second);
    expect((await pair()).open).toBe(0n);
    expect(await balanceOf(payee)).toBe(BigInt(first.amount) + BigInt(second.amount));
  });

  it("lets anyone collect a shortfall once there is money", async () => {
    await ready();
    const { funder } = market;
    const record = exampleRecord(market.domain);
    await settle(record, "settlePartial");
    await expect(funder.collect(partyA.owner, partyB.owner)).rejects.toEqual(code("settlement-nothing-to-collect"));
    await fund(market, household.owner, 40n);
    await funder.collect(partyA.owner, partyB.owner);
    expect(await balanceOf(aggregator.owner)).toBe(40n);
    await fund(market, household.owner, 10_000_000n);
    await funder.collect(partyA.owner, partyB.owner);
    expect(await balanceOf(aggregator.owner)).toBe(BigInt(record.amount));
    await expect(funder.collect(partyA.owner, partyB.owner)).rejects.toEqual(code("settlement-nothing-to-collect"));
  });

  it.each(["import", "export"] as const)("refuses totals that fall, on either side: %s", async (kind) => {
    await ready();
    await fund(market, household.owner, 5_000_000n);
    await fund(market, aggregator.owner, 5_000_000n);
    const first = exampleRecord(market.domain, { kind, evidence: exampleEvidence(kind, [1000]) });
    await settle(first);
    await expect(settle({ ...first, seq: 2, cumA: "0", cumB: "0" })).rejects.toEqual(code("settlement-falling-total"));
  });

  it("refuses any signature but those of the two signers, each in its place, for this contract and chain", async () => {
    await ready();
    await fund(market, household.owner, 5_000_000n);
    const { domain, funder } = market;
    const record = exampleRecord(domain);
    const head = recordHead(record);
    const [sigA, sigB] = await bothSign(domain, record);
    const mallory = await signRecord(keyOf("mallory"), domain, record);
    const owner = await signRecord(keyOf("household owner"), domain, record);
    const [otherChainA] = await bothSign({ ...domain, chainId: 1 }, record);
    const [otherContractA] = await bothSign({ ...domain, contract: addressOf(keyOf("fake contract")) }, record);
    const [otherRecordA] = await bothSign(domain, { ...record, wh: record.wh + 1 });
    const highS = toBeHex(
      0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt(`0x${sigA.slice(66, 130)}`),
      32,
    );
    const twin = concat([sigA.slice(0, 66), highS, sigA.endsWith("1b") ? "0x1c" : "0x1b"]);
    for (const wrong of [mallory, owner, otherChainA, otherContractA, otherRecordA, sigB, twin, "0x"])
      await expect(funder.settle(head, wrong, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
    await expect(funder.settle(head, sigA, mallory)).rejects.toEqual(code("settlement-wrong-signer"));
    await expect(funder.settle({ ...head, end: head.end + 1 }, sigA, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
    await funder.settle(head, sigA, sigB);
  });

  it("refuses parties that are not registered, or not for the whole period", async () => {
    await market.warpTo(midnightS + 1800);
    await expect(settle(exampleRecord(market.domain))).rejects.toEqual(code("settlement-unknown-party"));
    await registerBoth(market);
    await market.warpTo(midnightS + 2 * day);
    await fund(market, household.owner, 50_000_000n);
    await expect(settle(exampleRecord(market.domain))).rejects.toEqual(code("settlement-party-not-valid"));
    await settle(exampleRecord(market.domain, { startS: 3600 }));
  });

  it("settles the time before a retirement and nothing after", async () => {
    await registerBoth(market);
    await market.registrar.retire(aggregator.owner, midnightS + 5400);
    await market.warpTo(midnightS + 2 * day);
    await fund(market, household.owner, 50_000_000n);
    const before = exampleRecord(market.domain);
    await settle(before);
    const over = exampleRecord(market.domain, { previous: before, startS: 3600 });
    await expect(settle(over)).rejects.toEqual(code("settlement-party-not-valid"));
  });

  it("refuses a period that ends more than an hour ahead", async () => {
    await registerBoth(market);
    await fund(market, household.owner, 50_000_000n);
    await market.warpTo(midnightS - 60);
    await expect(settle(exampleRecord(market.domain))).rejects.toEqual(code("settlement-future-end"));
    await market.warpTo(midnightS + 1);
    await settle(exampleRecord(market.domain));
  });

  it("refuses parties in the wrong order and periods without length", async () => {
    await ready();
    const record = exampleRecord(market.domain);
    const head = recordHead(record);
    const [sigA, sigB] = await bothSign(market.domain, record);
    await expect(market.funder.settle({ ...head, a: head.b, b: head.a }, sigB, sigA)).rejects.toEqual(
      code("settlement-parties-not-ordered"),
    );
    await expect(market.funder.settle({ ...head, end: head.start }, sigA, sigB)).rejects.toEqual(code("settlement-bad-period"));
  });

  it("stays within the gas that a settlement may cost", async () => {
    await ready();
    await fund(market, household.owner, 50_000_000n);
    await fund(market, aggregator.owner, 50_000_000n);
    const first = exampleRecord(market.domain);
    expect((await settle(first)).gasUsed).toBeLessThan(125_000n);
    expect((await settle(exampleRecord(market.domain, { previous: first, startS: 3600 }))).gasUsed).toBeLessThan(70_000n);
  });
});

describe("escrow", () => {
  it("takes deposits from anyone, for registered parties only", async () => {
    await expect(fund(market, household.owner, 10n)).rejects.toEqual(code("settlement-unknown-party"));
    await registerBoth(market);
    await fund(market, household.owner, 10n);
    await fund(market, household.owner, 5n);
    expect(await balanceOf(household.owner)).toBe(15n);
    await expect(fund(market, household.owner, 0n)).rejects.toEqual(code("settlement-zero-amount"));
    await expect(market.funder.deposit(partyB.owner, partyA.owner, "a", 1n)).rejects.toEqual(
      code("settlement-parties-not-ordered"),
    );
  });

  it("refuses a deposit that the sender does not have", async () => {
    await registerBoth(market);
    const poor = await market.clientOf(keyOf("poor").privateKey);
    await expect(poor.deposit(partyA.owner, partyB.owner, "a", 1n)).rejects.toEqual(
      code("settlement-erc20-insufficient-balance"),
    );
  });

  describe("withdrawal", () => {
    const both = (withdrawal: Withdrawal): Promise<[string, string]> =>
      Promise.all([
        signWithdrawal(partyA.signer, market.domain, withdrawal),
        signWithdrawal(partyB.signer, market.domain, withdrawal),
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
      await ready();
      await fund(market, partyA.owner, 100n);
      await fund(market, partyB.owner, 7n);
    });

    it("pays each owner from its own side when both have signed, once", async () => {
      const signatures = await both(example());
      await market.funder.withdraw(example(), ...signatures);
      expect(await pair()).toMatchObject({ balanceA: 70n, balanceB: 0n, withdrawals: 1 });
      expect(await market.funder.tokenBalanceOf(partyA.owner)).toBe(30n);
      expect(await market.funder.tokenBalanceOf(partyB.owner)).toBe(7n);
      await expect(market.funder.withdraw(example(), ...signatures)).rejects.toEqual(code("settlement-wrong-nonce"));
    });

    it("refuses one signature twice, other amounts than signed and a passed deadline", async () => {
      const [sigA, sigB] = await both(example());
      await expect(market.funder.withdraw(example(), sigB, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
      await expect(market.funder.withdraw(example(), sigA, sigA)).rejects.toEqual(code("settlement-wrong-signer"));
      await expect(market.funder.withdraw({ ...example(), amountA: 31n }, sigA, sigB)).rejects.toEqual(
        code("settlement-wrong-signer"),
      );
      await market.warpTo(midnightS + 4 * day);
      await expect(market.funder.withdraw(example(), sigA, sigB)).rejects.toEqual(code("settlement-expired"));
    });

    it("never takes more than a side holds", async () => {
      for (const more of [{ amountA: 101n }, { amountB: 8n }]) {
        const tooMuch = { ...example(), ...more };
        const signatures = await both(tooMuch);
        await expect(market.funder.withdraw(tooMuch, ...signatures)).rejects.toEqual(code("settlement-insufficient-escrow"));
      }
    });

    it("is still open to a party that was retired", async () => {
      await market.registrar.retire(household.owner, 0);
      await market.funder.withdraw(example(), ...(await both(example())));
      expect((await pair()).balanceA).toBe(70n);
    });
  });
});

describe("log of records", () => {
  const digests = [id("one"), id("two"), id("three")];
  const epoch = buildEpoch(digests);

  it("keeps one immutable root for each epoch number of a party", async () => {
    await registerBoth(market);
    const client = await market.clientOf(aggregator.signer.privateKey);
    await client.commit(aggregator.owner, 1, epoch.root, epoch.count, "0xabcd");
    const other = buildEpoch([id("four")]);
    await expect(client.commit(aggregator.owner, 1, other.root, 1, "0x")).rejects.toEqual(code("settlement-wrong-epoch"));
    await expect(client.commit(aggregator.owner, 3, other.root, 1, "0x")).rejects.toEqual(code("settlement-wrong-epoch"));
    await client.commit(aggregator.owner, 2, other.root, 1, "0x");
    expect(await client.readCommit(aggregator.owner, 1)).toMatchObject({ root: epoch.root, count: 3 });
    expect(await client.readCommit(aggregator.owner, 3)).toBeUndefined();
    expect(await client.epochOf(aggregator.owner)).toBe(2);
  });

  it("finds every committed record and nothing else", async () => {
    await registerBoth(market);
    const client = await market.clientOf(aggregator.signer.privateKey);
    await client.commit(aggregator.owner, 1, epoch.root, epoch.count, "0x");
    for (const digest of digests) expect(await client.included(aggregator.owner, 1, digest, epoch.proofOf(digest))).toBe(true);
    const proof = epoch.proofOf(id("one"));
    expect(await client.included(aggregator.owner, 1, id("two"), proof)).toBe(false);
    expect(await client.included(aggregator.owner, 2, id("one"), proof)).toBe(false);
    expect(await client.included(household.owner, 1, id("one"), proof)).toBe(false);
    expect(await client.included(aggregator.owner, 1, epoch.root, [])).toBe(false);
  });

  it("lets a party commit by its owner or signer key, nobody else, and not after retirement", async () => {
    await registerBoth(market);
    const { root } = epoch;
    const cold = await market.clientOf(keyOf("aggregator owner").privateKey);
    await cold.commit(aggregator.owner, 1, root, 3, "0x");
    const mallory = await market.clientOf(keyOf("mallory").privateKey);
    await expect(mallory.commit(aggregator.owner, 2, root, 3, "0x")).rejects.toEqual(code("settlement-not-party"));
    await expect(mallory.commit(addressOf(keyOf("mallory")), 1, root, 3, "0x")).rejects.toEqual(code("settlement-unknown-party"));
    await expect(cold.commit(aggregator.owner, 2, `0x${"0".repeat(64)}`, 3, "0x")).rejects.toEqual(
      code("settlement-empty-commitment"),
    );
    await expect(cold.commit(aggregator.owner, 2, root, 0, "0x")).rejects.toEqual(code("settlement-empty-commitment"));
    await market.registrar.retire(aggregator.owner, 0);
    await market.warpTo(midnightS);
    await expect(cold.commit(aggregator.owner, 2, root, 3, "0x")).rejects.toEqual(code("settlement-party-not-valid"));
  });
});
