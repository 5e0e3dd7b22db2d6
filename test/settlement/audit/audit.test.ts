import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditSteps, type AuditReport } from "../../../settlement/audit/journal.ts";
import { encodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { recordHead } from "../../../settlement/record/record.ts";
import { aggregator, household, midnightS, partyA, partyB } from "../fixture.ts";
import { fund } from "../market.ts";
import { type AuditWorld, openWorld, recordsForm } from "./world.ts";

let world: AuditWorld;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const stepsThatAre = ({ steps }: AuditReport, wanted: string) =>
  steps.filter(({ verdict }) => verdict === wanted).map(({ step }) => step);

describe("an honest day", () => {
  it("is good in every step, with what the parties keep", async () => {
    const records = await world.honestDay();
    await world.publishHonestly(records);
    const report = await world.audit({ archive: await world.archiveOf(records) });
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe("good");
    expect(report.steps.map(({ step }) => step)).toEqual(auditSteps);
    const checked = Object.fromEntries(report.steps.map(({ step, checked: count }) => [step, count]));
    expect(checked).toMatchObject({ data: 2, roots: 2, signatures: 10, chains: 5, periods: 5, amounts: 5, prices: 4, heads: 1 });
  });

  it("is unknown only in the amounts, without what the parties keep", async () => {
    await world.publishHonestly();
    const report = await world.audit();
    expect(report.verdict).toBe("unknown");
    expect(stepsThatAre(report, "unknown")).toEqual(["amounts"]);
    expect(report.findings).toMatchObject([{ step: "amounts", cause: "amount-unchecked" }]);
  });

  it("is as good in digests, with what the parties keep; without it, what hangs on records is unknown", async () => {
    const records = await world.honestDay();
    await world.commit({ form: "digests", leaves: [pricesHash(world.series)] });
    await world.market.warpTo(midnightS + 87_000);
    await world.commit({ form: "digests", leaves: leavesOf(recordsForm(records)).toReversed() });
    await world.settle(records[4] ?? expect.fail());
    const archive = await world.archiveOf(records);
    const [agreement, prices, ...lines] = archive;
    const shuffled = [agreement, prices, ...lines.toReversed()].flatMap((line) => line ?? []);
    const report = await world.audit({ archive: shuffled });
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe("good");

    const alone = await world.audit();
    expect(alone.verdict).toBe("unknown");
    expect(stepsThatAre(alone, "good")).toEqual(["events", "data", "roots", "heads", "escrow"]);
    const part = await world.audit({ archive: archive.slice(0, 4) });
    expect(part.verdict).toBe("unknown");
    expect(stepsThatAre(part, "bad")).toEqual([]);
  });

  it("is not blamed for signatures that somebody changed on the way, where the chain binds the root alone", async () => {
    const records = await world.honestDay();
    await world.bindPrices();
    await world.market.warpTo(midnightS + 87_000);
    await world.commit(recordsForm(records), { data: "0x" });
    const spoilt = encodeLogData(recordsForm(records.map((one) => ({ ...one, signatureA: one.signatureB }))));
    const report = await world.audit({ sources: [{ name: "a mirror", fetch: async () => spoilt }] });
    expect(stepsThatAre(report, "bad")).toEqual([]);
    expect(report.findings).toContainEqual(expect.objectContaining({ cause: "signer-foreign", verdict: "unknown" }));
  });

  it("has its money booked, also where a settlement was partial and money was taken out", async () => {
    const records = await world.honestDay();
    await world.log(records);
    const { market } = world;
    const [, , , fourth, fifth] = records;
    if (!fourth || !fifth) expect.fail("too few records");
    await fund(market, household.owner, 5n);
    await fund(market, aggregator.owner, 7n);
    await market.funder.settlePartial(recordHead(fourth.record), fourth.signatureA, fourth.signatureB);
    await fund(market, household.owner, 10n ** 7n);
    await market.funder.collect(partyA.owner, partyB.owner);
    await fund(market, aggregator.owner, 10n ** 7n);
    await market.funder.settle(recordHead(fifth.record), fifth.signatureA, fifth.signatureB);
    const owner = await market.clientOf(household.cold.privateKey);
    await owner.requestWithdraw(partyA.owner, partyB.owner, 1_000n);
    await market.warpTo(midnightS + 40 * 86_400);
    await owner.executeWithdraw(partyA.owner, partyB.owner);
    const report = await world.audit({ archive: await world.archiveOf(records) });
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe("good");
  });

  it("is audited as of one block, and again where that was replaced meanwhile", async () => {
    const records = await world.honestDay();
    await world.log(records);
    const toBlock = await world.view.newestBlock();
    await world.settle(records[4] ?? expect.fail());
    const early = await world.audit({ toBlock });
    expect(early.steps.find(({ step }) => step === "heads")).toMatchObject({ checked: 0, verdict: "good" });
    expect(stepsThatAre(early, "bad")).toEqual([]);
    let asked = 0;
    const view = { ...world.view, hashOf: async () => String(asked++) };
    await expect(world.audit({ view })).rejects.toMatchObject({ code: "audit-chain-changed", temporary: true });
  });

  it("can be checked in other threads", async () => {
    await world.publishHonestly();
    const report = await world.audit({ threads: 2 });
    expect(stepsThatAre(report, "bad")).toEqual([]);
    expect(report.steps.find(({ step }) => step === "signatures")).toMatchObject({ verdict: "good", checked: 10 });
  });
});
