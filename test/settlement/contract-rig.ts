import { afterEach, beforeEach, expect } from "vitest";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { PairState } from "../../settlement/chain/chain-reader.ts";
import { recordHead } from "../../settlement/record/record.ts";
import { type Anvil, startAnvil } from "../fake/anvil.ts";
import { aggregator, bothSign, household, midnightS, partyA, partyB } from "./fixture.ts";
import { type Market, openMarket, registerBoth } from "./market.ts";

export const day = 86_400;

/** An AppError with this code. */
export const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** What tests of the contract share; a fresh chain and contract for each. */
export interface ContractRig {
  readonly market: Market;
  /** Clients that send with the owners' own keys. */
  readonly homeOwner: ChainClient;
  readonly aggregatorOwner: ChainClient;
  pair(): Promise<PairState>;
  balanceOf(owner: string): Promise<bigint>;
  settle(record: RecordWire, how?: "settle" | "settlePartial"): ReturnType<ChainClient["settle"]>;
  /** Both parties registered, two days on. */
  ready(): Promise<void>;
}

/** Blocks start a day before the first service period, so parties can be registered in time. */
export function contractRig(): ContractRig {
  let anvil: Anvil;
  let market: Market;
  let owners: ChainClient[];
  beforeEach(async () => {
    anvil = await startAnvil({ timestamp: midnightS - day });
    market = await openMarket(anvil);
    owners = await Promise.all([household, aggregator].map(({ cold }) => market.clientOf(cold.privateKey)));
  });
  afterEach(async () => {
    market.close();
    await anvil.stop();
  });
  const pair = () => market.funder.pairOf(partyA.owner, partyB.owner);
  return {
    get market() {
      return market;
    },
    get homeOwner() {
      return owners[0] ?? expect.fail("not open");
    },
    get aggregatorOwner() {
      return owners[1] ?? expect.fail("not open");
    },
    pair,
    async balanceOf(owner) {
      const { balanceA, balanceB } = await pair();
      return owner === partyA.owner ? balanceA : balanceB;
    },
    settle: async (record, how = "settle") => market.funder[how](recordHead(record), ...(await bothSign(market.domain, record))),
    async ready() {
      await registerBoth(market);
      await market.warpTo(midnightS + 2 * day);
    },
  };
}
