import { expect, it } from "vitest";
import { id } from "ethers";
import { type ChainEvent, readEvents } from "../../../settlement/chain/chain-events.ts";
import { chainProvider } from "../../../settlement/chain/chain-provider.ts";
import { anvilChainId } from "../../fake/anvil.ts";
import { collect } from "../../fake/collect.ts";
import { epochIndex } from "../../../settlement/log/wanted-epoch.ts";
import { code, contractRig } from "../contract-rig.ts";
import { addressOf, aggregator, bothSign, exampleRecord, household, partyA, partyB } from "../fixture.ts";
import { fund } from "../market.ts";

const rig = contractRig();

/** A node with some answers changed. */
function node(change: (method: string, params: unknown[]) => unknown) {
  const provider = chainProvider(rig.market.provider._getConnection().url, anvilChainId);
  const send = provider.send.bind(provider);
  provider.send = async (method: string, params: unknown[]) =>
    (await change(method, params)) ?? (send(method, params) as unknown);
  return provider;
}
async function allOf(provider: ReturnType<typeof node>, toBlock: number, fromBlock = 0): Promise<ChainEvent[]> {
  const pages = await collect(readEvents(provider, rig.market.domain.contract, { fromBlock, toBlock }));
  return pages.flatMap(({ events }) => events);
}

/** One of most events. */
async function liveThrough(): Promise<void> {
  await rig.ready();
  await fund(rig.market, household.owner, 10n ** 9n);
  const record = exampleRecord(rig.market.domain);
  await rig.settle(record);
  const [signatureA] = await bothSign(rig.market.domain, record);
  await rig.market.funder.publish(record, signatureA, "0x");
  await rig.homeOwner.setDailyCap(1000n);
  await rig.homeOwner.requestWithdraw(partyA.owner, partyB.owner, 5n);
  await rig.homeOwner.cancelWithdraw(partyA.owner, partyB.owner);
  await rig.aggregatorOwner.commit(aggregator.owner, 1, id("root"), 3, "0x01ff");
  await rig.homeOwner.revoke(addressOf(household.signer));
}

it("gives all events in the order of the chain, with typed figures and the time of their blocks", async () => {
  await liveThrough();
  const { provider, domain } = rig.market;
  const newest = await provider.getBlockNumber();
  const events = await allOf(
    node(() => undefined),
    newest,
  );
  const names = events.map(({ name }) => name);
  expect(names).toEqual([
    "PartySet",
    "PartySet",
    "Deposited",
    "Settled",
    "Published",
    "DailyCapSet",
    "WithdrawRequested",
    "WithdrawCancelled",
    "Committed",
    "KeyEnded",
    "PartySet",
  ]);
  const record = exampleRecord(domain);
  expect(events.find(({ name }) => name === "Published")).toMatchObject({ record, signatureB: "0x" });
  expect(events.find(({ name }) => name === "Committed")).toMatchObject({
    by: aggregator.owner,
    epoch: 1,
    count: 3,
    data: "0x01ff",
  });
  expect(events.at(-1)).toMatchObject({ owner: household.owner, signer: null });
  for (const { block, timeS } of events) expect(timeS).toBe((await provider.getBlock(block))?.timestamp);
});

it("asks for fewer blocks where the node finds it too many, and reads on from where it ended", async () => {
  await liveThrough();
  const newest = await rig.market.provider.getBlockNumber();
  const whole = await allOf(
    node(() => undefined),
    newest,
  );
  const asked: number[] = [];
  const bounded = node((method, params) => {
    if (method !== "eth_getLogs") return undefined;
    const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
    asked.push(Number(toBlock) - Number(fromBlock) + 1);
    return Number(toBlock) - Number(fromBlock) < 3
      ? undefined
      : Promise.reject(Object.assign(new Error("range"), { code: "UNKNOWN_ERROR" }));
  });
  expect(await allOf(bounded, newest)).toEqual(whole);
  expect(Math.max(...asked)).toBeGreaterThan(3);
  const half = Math.floor(newest / 2);
  const [first, second] = [await allOf(bounded, half), await allOf(bounded, newest, half + 1)];
  expect([...first, ...second]).toEqual(whole);
});

it("says so where a node gives not even the events of one block, and where it is away", async () => {
  const refusing = node((method) =>
    method === "eth_getLogs" ? Promise.reject(Object.assign(new Error("no"), { code: "UNKNOWN_ERROR" })) : undefined,
  );
  await expect(allOf(refusing, 3)).rejects.toEqual(code("chain-refused"));
  const away = node((method) => (method === "eth_getLogs" ? Promise.reject(new Error("ECONNREFUSED")) : undefined));
  await expect(allOf(away, 3)).rejects.toMatchObject({ code: "chain-unreachable", temporary: true });
});

it("an index of epochs reads on, and finds what was committed or attached since", async () => {
  await rig.ready();
  const { market, aggregatorOwner } = rig;
  const ranges: number[] = [];
  const index = epochIndex(
    {
      newestBlock: () => market.provider.getBlockNumber(),
      events: (range) => {
        ranges.push(range.fromBlock);
        return readEvents(
          node(() => undefined),
          market.domain.contract,
          range,
        );
      },
    },
    0,
  );
  expect(await index.find(aggregator.owner, 1)).toBeUndefined();
  await aggregatorOwner.commit(aggregator.owner, 1, id("root"), 3, "0x01ff");
  const [found, again] = await Promise.all([index.find(aggregator.owner, 1), index.find(aggregator.owner, 1)]);
  expect(found).toMatchObject({ epoch: 1, count: 3, place: { in: "inline" }, blobs: [] });
  expect(again).toEqual(found);
  expect(await index.find(household.owner, 1)).toBeUndefined();
  expect(ranges[1]).toBeGreaterThan(0);
  await aggregatorOwner.commit(aggregator.owner, 2, id("root"), 3, "0x09");
  await expect(index.find(aggregator.owner, 2)).rejects.toEqual(code("log-data-malformed"));
});
