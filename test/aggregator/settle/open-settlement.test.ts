import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { aggregatorConfigFromYaml } from "../../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { openSettlement } from "../../../aggregator/settle/open-settlement.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { SettlementDown } from "../../../core/message/settlement-message.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { writeKeystore } from "../../../settlement/keys/keystore.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";
import * as parties from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { midnightMs, scratchStore } from "../rows.ts";
import { openChain, site } from "./chain-room.ts";
import { proposed, reported } from "./home-double.ts";

const { aggregator, household, partyA, partyB } = parties;
vi.setConfig({ testTimeout: 120_000 });
const hourMs = 3_600_000;

/** Settlement as the daemon opens it, from files, on a private chain that is anchored on another one. */
async function open(more: Record<string, unknown>, otherSites: Record<string, unknown> = {}) {
  const [chain, pub] = [await openChain(), await openChain()];
  const folder = scratch("aggregator");
  mkdirSync(join(folder, "keys"));
  const { privateKey, address } = aggregator.signer;
  await writeKeystore(join(folder, "keys", "own.json"), { privateKey, address }, "long enough a passphrase", { scryptN: 2 });
  writeFileSync(join(folder, "passphrase"), "long enough a passphrase", { mode: 0o600 });
  const agreement = parties.exampleAgreement(chain.market.domain);
  writeFileSync(join(folder, "agreement.json"), JSON.stringify(await parties.signBoth(agreement)));
  writeFileSync(join(folder, "again.json"), JSON.stringify(await parties.signBoth({ ...agreement, site: "gw-again" })));
  const on = ({ anvil, market }: typeof chain) => ({
    key: "own",
    passphrase_file: "passphrase",
    chain_id: market.domain.chainId,
    contract: market.domain.contract,
    rpc_url: anvil.url,
  });
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: "mqtt://127.0.0.1:9" },
    control_key_file: "control.json",
    sites: { [site]: { agreement_file: "agreement.json" }, ...otherSites },
    prices_file: "prices.json",
    settlement: { ...on(chain), epoch_s: 3600, final_after: 0, mode: "each", anchor: on(pub), ...more },
    storage: { path: "data.db" },
  });
  const config = aggregatorConfigFromYaml(yaml, folder);
  const { store } = await scratchStore();
  const down: SettlementDown[] = [];
  const send: Send = async (_site, _type, _rest, body) => void down.push(SettlementDown.parse(body));
  const [clock, log] = [fakeClock(midnightMs), silentLog()];
  const prices = priceBook([parties.exampleSeries()]);
  const rooms = { store, prices, feeders: [], send, present: () => true, clock, log };
  const settlement = await openSettlement(config, config.settlement ?? expect.fail("no settlement"), rooms);
  onTestFinished(() => settlement.close());
  const cosign = async () => {
    const record = proposed(down);
    const domain = chain.market.domain;
    const signature = await signRecord(household.signer, domain, record);
    await settlement.proposals.answer(site, {
      v: 1,
      kind: "signed",
      seq: record.seq,
      digest: recordDigest(domain, record),
      signature,
    });
  };
  const settledSeq = async (): Promise<number> => (await chain.chain.pairOf(partyA.owner, partyB.owner)).seq;
  return { chain, pub, store, down, clock, log, settlement, cosign, settledSeq };
}

it("on a private chain settles each record as soon as both have signed, and anchors the same root publicly", async () => {
  const { chain, pub, store, down, clock, log, settlement, cosign, settledSeq } = await open({});
  await fund(chain.market, household.owner, 10n ** 9n);
  await settlement.anchoring.tick();
  const bound = (await store.epochAt(1))?.root;
  expect((await pub.chain.readCommit(aggregator.owner, 1))?.root).toBe(bound);
  expect(down).toMatchObject([{ kind: "included", epoch: 1, records: [], prices: [{}] }]);
  await chain.market.warpTo(midnightMs / 1000 + 86_400);
  await reported(store, 0, [10, 20, 30, 40, 50, 60, 70, 80]);
  await clock.advance(2 * hourMs - 1000);
  await settlement.proposals.advance(site);
  await cosign();
  await until("the first record is settled", async () => (await settledSeq()) === 1);
  await clock.advance(1000);
  await settlement.proposals.advance(site);
  await cosign();
  await until("the second record is settled", async () => (await settledSeq()) === 2);
  await settlement.anchoring.tick();
  expect(await store.epochAt(2)).toMatchObject({ digests: [expect.anything(), expect.anything()], final: true });
  expect((await pub.chain.readCommit(aggregator.owner, 2))?.root).toBe((await store.epochAt(2))?.root);
  expect(down.at(-1)).toMatchObject({ kind: "included", epoch: 2, records: [{ seq: 1 }, { seq: 2 }] });
  const spent = await store.spent({ fromMs: 0, toMs: 1e15, limit: 20 });
  // Both chains have one number here.
  const records = (what: string) => spent.filter((one) => one.what === what).map((one) => one.records);
  expect([records("commit").toSorted((one, other) => one - other), records("settle")]).toEqual([
    [1, 1, 2, 2],
    [1, 1],
  ]);
  expect(log.lines).toEqual([]);
});

it("leaves settling to the gateway where that is configured", async () => {
  const { chain, store, down, clock, settlement, cosign, settledSeq } = await open({ settled_by: "gateway" });
  await fund(chain.market, household.owner, 10n ** 9n);
  await settlement.anchoring.tick();
  await chain.market.warpTo(midnightMs / 1000 + 86_400);
  await reported(store, 0, [10, 20, 30, 40]);
  await clock.advance(hourMs);
  await settlement.proposals.advance(site);
  await cosign();
  await settlement.anchoring.tick();
  expect(down.at(-1)).toMatchObject({ kind: "included", records: [{ seq: 1 }] });
  expect(await settledSeq()).toBe(0);
});

it("settles with the next epoch what the chain did not take at first", async () => {
  const { chain, store, clock, settlement, cosign, settledSeq, log } = await open({});
  await settlement.anchoring.tick();
  await chain.market.warpTo(midnightMs / 1000 + 86_400);
  await reported(store, 0, [10, 20, 30, 40]);
  await clock.advance(hourMs);
  await settlement.proposals.advance(site);
  // Nothing is in escrow.
  await cosign();
  await until("it was tried", () => log.lines.length > 0);
  await fund(chain.market, household.owner, 10n ** 9n);
  await clock.advance(hourMs);
  await settlement.anchoring.tick();
  await until("it is settled", async () => (await settledSeq()) === 1);
  expect(await store.disputes({ open: true, limit: 9 })).toEqual([]);
});

it("fills the own escrow up as soon as a home does not sign for want of it, and not without reason", async () => {
  const { chain, store, clock, settlement, down } = await open({ top_up: { below: "1", to: "3", most_per_day: "5" } });
  await chain.market.funder.transfer(parties.addressOf(aggregator.signer), 10n ** 9n);
  await reported(store, 0, [10, 20, 30, 40]);
  await clock.advance(hourMs);
  await settlement.proposals.advance(site);
  const record = proposed(down);
  const digest = recordDigest(chain.market.domain, record);
  const short = {
    v: 1,
    kind: "disputed",
    seq: record.seq,
    digest,
    code: "settlement-escrow-short",
    message: "",
    own: {},
  } as const;
  const own = async (): Promise<bigint> => {
    const { balanceA, balanceB } = await chain.chain.pairOf(partyA.owner, partyB.owner);
    return parties.householdIsA ? balanceB : balanceA;
  };
  await settlement.proposals.answer(site, short);
  await until("it is filled up", async () => (await own()) === 3_000_000n);
  await settlement.proposals.answer(site, short);
  await settlement.anchoring.tick();
  expect(await own()).toBe(3_000_000n);
  const spent = async () => (await store.spentSums({ fromMs: 0, toMs: 1e15 })).map((sum) => [sum.what, sum.transactions]);
  // The chain shows the money before its cost is noted.
  await until("it is noted", async () => (await spent()).some(([what]) => what === "depositMany"));
  expect(await spent()).toEqual(
    expect.arrayContaining([
      ["approve", 1],
      ["depositMany", 1],
    ]),
  );
});

it("is refused by the configuration where a gateway should settle what is settled together", () => {
  const settlement = { key: "k", passphrase_file: "p", chain_id: 1, contract: `0x${"5e".repeat(20)}`, rpc_url: "http://x" };
  const parsed = AggregatorYaml.shape.settlement.safeParse({ ...settlement, settled_by: "gateway" });
  expect(parsed.error?.issues).toMatchObject([{ path: ["settled_by"], message: "gateway needs mode: each" }]);
});

it("does not settle with one household under two names", async () => {
  await expect(open({}, { "gw-again": { agreement_file: "again.json" } })).rejects.toMatchObject({
    code: "agreement-twice",
    message: expect.stringContaining(`the agreements of ${site} and gw-again are of the same two parties`),
  });
});
