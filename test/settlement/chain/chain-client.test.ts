import { Wallet } from "ethers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { type Anvil, startAnvil } from "../../fake/anvil.ts";
import { addressOf, household, keyOf, partyA, partyB } from "../fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "../market.ts";

let anvil: Anvil;
let market: Market;
beforeEach(async () => {
  anvil = await startAnvil();
  market = await openMarket(anvil);
});
afterEach(async () => {
  market.close();
  await anvil.stop();
});

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("chain client", () => {
  it("approves and deposits again and again, each only as much as asked", async () => {
    await registerBoth(market);
    for (const amount of [5n, 5n, 9n]) await fund(market, partyA.owner, amount);
    expect((await market.funder.pairOf(partyA.owner, partyB.owner)).balanceA).toBe(19n);
    expect(await market.funder.tokenBalanceOf(market.domain.contract)).toBe(19n);
  });

  it("sends many transactions of one key at once, and goes on after a failure", async () => {
    const transfers = [1n, 2n, 10n ** 20n, 4n].map((amount) => market.funder.transfer(household.owner, amount));
    expect((await Promise.allSettled(transfers)).map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(await market.funder.tokenBalanceOf(household.owner)).toBe(7n);
  });

  it("says chain-no-funds where the sender has no ether", async () => {
    const broke = chainClient({
      rpcUrl: anvil.url,
      chainId: market.domain.chainId,
      contract: market.domain.contract,
      privateKey: Wallet.createRandom().privateKey,
      pollMs: 5,
    });
    await expect(broke.transfer(household.owner, 0n)).rejects.toEqual(code("chain-no-funds"));
    broke.close();
  });

  it("tells a wrong chain, a missing contract, a missing key and a node that is away", async () => {
    const { contract, chainId } = market.domain;
    const cases: [string, boolean, Parameters<typeof chainClient>[0]][] = [
      ["chain-wrong-chain", false, { rpcUrl: anvil.url, chainId: 5, contract }],
      ["chain-no-contract", false, { rpcUrl: anvil.url, chainId, contract: addressOf(keyOf("nothing here")) }],
      ["chain-unreachable", true, { rpcUrl: "http://127.0.0.1:9", chainId, contract }],
    ];
    for (const [expected, temporary, options] of cases) {
      const client = chainClient(options);
      await expect(client.partyOf(household.owner)).rejects.toMatchObject({ code: expected, temporary });
      client.close();
    }
    const reader = chainClient({ rpcUrl: anvil.url, chainId, contract });
    await expect(reader.retire(household.owner, 0)).rejects.toEqual(code("chain-read-only"));
    reader.close();
    expect(() => chainClient({ rpcUrl: "ws://127.0.0.1:1", chainId, contract })).toThrow(code("chain-bad-url"));
  });
});
