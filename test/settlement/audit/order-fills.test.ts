import { expect, it } from "vitest";
import { journal } from "../../../settlement/audit/journal.ts";
import { orderFills } from "../../../settlement/audit/order-fills.ts";
import { addressOf, keyOf } from "../fixture.ts";
import { houseOrder, tradeEvidence, tradeRecord } from "../trades.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };

it("finds an order that was used beyond its volume, over trades and revisions in any order", async () => {
  const say = journal();
  const fills = orderFills(say);
  const use = async (wh: number, change: Parameters<typeof houseOrder>[1] = {}): Promise<void> => {
    const evidence = await tradeEvidence(domain, houseOrder("sell", change), { wh });
    fills.add(tradeRecord(domain, evidence), evidence.trade ?? expect.fail());
  };
  const found = (): string[] => say.report().findings.map(({ cause }) => cause);
  await use(500);
  await use(300);
  await use(800, { orderId: "o2" });
  expect(found()).toEqual([]);
  await use(200, { revision: 2, wh: 1000 });
  expect(found()).toEqual([]);
  await use(1);
  expect(found()).toEqual(["order-oversold"]);
});
