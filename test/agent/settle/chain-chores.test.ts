import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { keySender } from "../../../settlement/chain/call-sender.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { aggregator, exampleSeries, keyOf, partyA, partyB } from "../../settlement/fixture.ts";
import { escrowMicro, homeOnChain } from "./home-on-chain.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

it("keeps the proof of each record and of its prices once the chain has the root for good", async () => {
  const home = await homeOnChain({ rules: { finality: "finalized" } });
  await home.mine(80);
  const record = await home.cosigned("import", 0);
  const prices = pricesHash(exampleSeries());
  const message = await home.commit(1, [record], [prices]);
  await home.room.included(message);
  const leaf = recordDigest(home.domain, record);
  await home.chores(false);
  expect(home.stores.inclusions.of(leaf)).toMatchObject({ epoch: 1, root: message.root, final: false });
  await home.mine(80);
  await home.clock.advance(60_000);
  await home.chores(false);
  expect(home.stores.inclusions.of(leaf)).toMatchObject({ by: aggregator.owner, epoch: 1, count: 2, final: true });
  expect(home.stores.inclusions.of(prices)).toMatchObject({ epoch: 1, final: true });
  // Nothing that is said later takes its place.
  await home.room.included({ ...message, epoch: 9 });
  expect(home.stores.inclusions.of(leaf)?.epoch).toBe(1);
});

it("believes no proof that does not lead to the root, no root but the chain's, no other record and no stranger's epoch", async () => {
  const home = await homeOnChain();
  const [first, second] = [await home.cosigned("import", 0), await home.cosigned("export", 0)];
  const good = await home.commit(1, [first], [recordDigest(home.domain, second)]);
  const elsewhere = await home.commit(2, [first], [`0x${"7".repeat(64)}`]);
  const [proven] = good.records;
  if (!proven) expect.fail("no proof");
  const lies: [string, Parameters<typeof home.room.included>[0]][] = [
    ["settlement-inclusion-unproven", { ...good, records: [{ ...proven, proof: [`0x${"1".repeat(64)}`] }] }],
    ["settlement-inclusion-unproven", { ...good, records: [{ ...proven, proof: [] }] }],
    ["settlement-inclusion-unproven", { ...good, records: [{ ...proven, digest: recordDigest(home.domain, second) }] }],
    ["settlement-inclusion-unproven", { ...good, by: partyA.owner === aggregator.owner ? partyB.owner : partyA.owner }],
    ["settlement-root-differs", { ...elsewhere, epoch: 1 }],
    ["settlement-root-differs", { ...good, count: 3 }],
  ];
  for (const [expected, lie] of lies) expect(await home.room.included(lie).then(() => "kept", errorCode)).toBe(expected);
  expect(home.stores.inclusions.open()).toEqual([]);
});

it("drops a root that was told before it was on chain and then was another one", async () => {
  const home = await homeOnChain();
  const record = await home.cosigned("import", 0);
  const told = await home.commit(1, [record]);
  await home.room.included({ ...told, epoch: 2 });
  expect(home.stores.inclusions.of(recordDigest(home.domain, record))?.final).toBe(false);
  await home.commit(2, [record], [`0x${"7".repeat(64)}`]);
  await home.chores(false);
  expect([home.stores.inclusions.open(), home.codes()]).toEqual([[], ["settlement-root-differs"]]);
});

it("publishes by itself what both signed and no epoch holds within the time, newest first, once, also after a restart", async () => {
  const home = await homeOnChain();
  const [included, omitted, newest] = [
    await home.cosigned("import", 0),
    await home.cosigned("export", 0),
    await home.cosigned("import", 1),
  ];
  await home.room.included(await home.commit(1, [included]));
  await home.clock.advance(2 * dayMs - 1000);
  await home.chores(false);
  expect(await home.published()).toEqual([]);
  await home.clock.advance(2000);
  await home.chores(false);
  await home.chores(false);
  await home.choresWith({})(false);
  const found = await home.published();
  expect(found.map(({ record }) => record)).toEqual([newest, omitted]);
  expect(found.every(({ signatureA, signatureB }) => signatureA !== "0x" && signatureB !== "0x")).toBe(true);
});

it("does not publish again what arrived although its sender failed, nor what was sent before a crash", async () => {
  const home = await homeOnChain();
  await home.cosigned("import", 0);
  await home.clock.advance(3 * dayMs);
  const { parts, sent } = { parts: home, sent: [] as string[] };
  const loses = home.choresWith({
    sender: {
      send: async (call) => {
        const provider = parts.market.provider;
        const [from] = (await provider.send("eth_accounts", [])) as [string];
        sent.push(String(await provider.send("eth_sendTransaction", [{ from, to: home.domain.contract, data: call.data }])));
        throw new Error("power cut");
      },
      close: () => undefined,
    },
  });
  await loses(false);
  expect([sent.length, home.log.lines.length]).toEqual([1, 1]);
  await home.choresWith({})(false);
  expect((await home.published()).length).toBe(1);
  expect(home.stores.publications.of((await home.published())[0]?.digest ?? "")).toMatchObject({ done: true, tx: sent[0] });
});

it("tries again with growing patience while the relayer is away, and believes no relayer that only says it has sent", async () => {
  let [tries, mode] = [0, "away"];
  const home = await homeOnChain({
    sender: {
      send: () => {
        tries++;
        return mode === "away" ? Promise.reject(new Error("away")) : Promise.resolve(`0x${"ab".repeat(32)}`);
      },
      close: () => undefined,
    },
  });
  const record = await home.cosigned("import", 0);
  await home.clock.advance(3 * dayMs);
  for (let minute = 0; minute < 60; minute++) {
    await home.chores(false);
    await home.clock.advance(60_000);
  }
  expect(tries).toBe(6);
  mode = "lies";
  for (let minute = 0; minute < 120; minute++) {
    await home.chores(false);
    await home.clock.advance(60_000);
  }
  expect(tries).toBeGreaterThan(6);
  expect(tries).toBeLessThan(12);
  expect(home.stores.publications.of(recordDigest(home.domain, record))?.done).toBe(false);
});

it("publishes no more than its budget of a day", async () => {
  const home = await homeOnChain({ rules: { publishedPerDay: 2 } });
  for (let hour = 0; hour < 3; hour++) await home.cosigned("import", hour);
  await home.clock.advance(3 * dayMs);
  await home.chores(false);
  expect((await home.published()).length).toBe(2);
  await home.clock.advance(dayMs + 1);
  await home.chores(false);
  expect((await home.published()).length).toBe(3);
});

it("publishes the newest record with its own signature alone where the countersignature is withheld", async () => {
  const home = await homeOnChain();
  const [first, second] = [home.next("export", 0), home.next("export", 1)];
  for (const record of [first, second]) expect(await home.sign(record)).toBe("signed");
  await home.chores(false);
  expect(await home.published()).toEqual([]);
  await home.chores(true);
  await home.chores(true);
  const found = await home.published();
  expect(found.map(({ record }) => record)).toEqual([second]);
  expect([found[0]?.signatureA, found[0]?.signatureB].filter((one) => one === "0x").length).toBe(1);
});

it("answers an announced withdrawal of the other side with its newest record, within an hour", async () => {
  const home = await homeOnChain();
  await home.cosigned("export", 0);
  const newest = await home.cosigned("export", 1);
  await home.chores(false);
  expect((await home.pairOnChain()).seq).toBe(0);
  const liar = await home.market.clientOf(aggregator.cold.privateKey);
  await liar.requestWithdraw(partyA.owner, partyB.owner, escrowMicro);
  await home.chores(false);
  expect((await home.pairOnChain()).seq).toBe(0);
  await home.clock.advance(hourMs);
  await home.chores(false);
  expect(await home.pairOnChain()).toMatchObject({ seq: newest.seq, head: recordDigest(home.domain, newest), open: 0n });
  const due = BigInt(newest.cumA) - BigInt(newest.cumB);
  expect((await home.money()) - escrowMicro).toBe(aggregator.owner === partyA.owner ? due : -due);
});

it("looks at once after a start, leaves a withdrawal alone where it owes itself, and takes what is there where it is not enough", async () => {
  const home = await homeOnChain();
  await home.cosigned("import", 0);
  const owner = await home.market.clientOf(aggregator.cold.privateKey);
  await owner.requestWithdraw(partyA.owner, partyB.owner, escrowMicro);
  await home.chores(false);
  expect((await home.pairOnChain()).seq).toBe(0);
  await owner.cancelWithdraw(partyA.owner, partyB.owner);
  for (const hour of [1, 2]) await home.cosigned("export", hour);
  const newest = await home.cosigned("export", 3);
  // The escrow shrinks by what both owners sign: less than is owed is left.
  const due = BigInt(newest.cumA) - BigInt(newest.cumB);
  const owed = aggregator.owner === partyA.owner ? due : -due;
  const settled = await import("../../../settlement/record/typed-calls.ts").then(async ({ signWithdrawal }) => {
    const aggregatorIsA = aggregator.owner === partyA.owner;
    const leave = escrowMicro - owed + 7n;
    const withdrawal = {
      a: partyA.owner,
      b: partyB.owner,
      amountA: aggregatorIsA ? leave : 0n,
      amountB: aggregatorIsA ? 0n : leave,
      nonce: 0,
      deadline: 4_000_000_000,
    };
    const signatures = await Promise.all([partyA, partyB].map(({ cold }) => signWithdrawal(cold, home.domain, withdrawal)));
    await home.market.funder.withdraw(withdrawal, signatures[0] ?? "", signatures[1] ?? "");
    await owner.requestWithdraw(partyA.owner, partyB.owner, 1n);
    await home.choresWith({})(false);
    return home.pairOnChain();
  });
  expect(settled.seq).toBe(newest.seq);
  expect(settled.open === 7n || settled.open === -7n).toBe(true);
  expect((await home.money()) - escrowMicro).toBe(owed - 7n);
});

it("settles what was logged before the other side revoked the key under it", async () => {
  const home = await homeOnChain();
  const newest = await home.cosigned("export", 0);
  await home.room.included(await home.commit(1, [newest]));
  await home.chores(false);
  const owner = await home.market.clientOf(aggregator.cold.privateKey);
  await home.market.warpTo(Math.floor(home.clock.now() / 1000) + 3600);
  await owner.revoke(aggregator.signer.address.toLowerCase());
  await owner.requestWithdraw(partyA.owner, partyB.owner, escrowMicro);
  await home.choresWith({})(false);
  expect((await home.pairOnChain()).seq).toBe(newest.seq);
});

it("settles each record by itself where it is told to, one after the other", async () => {
  const home = await homeOnChain({ rules: { settleOwn: true } });
  for (const hour of [0, 1]) await home.cosigned("import", hour);
  await home.chores(false);
  expect((await home.pairOnChain()).seq).toBe(2);
  await home.cosigned("export", 1);
  await home.chores(false);
  expect((await home.pairOnChain()).seq).toBe(3);
  const settled = await home.market.provider.getLogs({ address: home.domain.contract, fromBlock: 0 });
  const topic = (await import("ethers")).id("Settled(address,address,uint64,bytes32,address,uint256,uint256)");
  expect(settled.filter(({ topics }) => topics[0] === topic).length).toBe(3);
});

it("needs no coins for that on a chain that asks for none", async () => {
  const home = await homeOnChain({
    rules: { settleOwn: true },
    sender: null,
    args: ["--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"],
  });
  const { privateKey, address } = keyOf("a key without coins");
  const sender = keySender({ ...home.target, privateKey }, { pollMs: 5 });
  await home.cosigned("export", 0);
  await home.choresWith({ sender })(false);
  sender.close();
  expect([(await home.pairOnChain()).seq, await home.market.provider.getBalance(address)]).toEqual([1, 0n]);
});

it("says once that it has nothing to send with, and signs on", async () => {
  const home = await homeOnChain({ sender: null });
  await home.cosigned("import", 0);
  await home.clock.advance(3 * dayMs);
  for (let round = 0; round < 3; round++) await home.chores(false);
  expect(home.codes()).toEqual(["settlement-no-sender"]);
});
