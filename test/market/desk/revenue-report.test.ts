import { expect, it } from "vitest";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import { revenueOf } from "../../../market/desk/revenue-report.ts";
import type { StoredLeg } from "../../../market/store/exchange-store.ts";

const [home, exchange] = ["0xa", "0xe"];
const leg = (side: "buy" | "sell", wh: number, payer: string, amount: bigint): StoredLeg => ({
  hash: "0x1",
  side,
  participant: home,
  orderHash: "0x2",
  startMs: 0,
  endMs: 900_000,
  payer,
  amount,
  wh,
  seq: 1,
});
const corrected = (side: "buy" | "sell", wh: number, payer: string, amount: string) => ({
  record: { kind: "correction", wh: -wh, payer, amount } as RecordWire,
  evidence: { register: "none", slots: [], deviation: { side } } as unknown as Evidence,
});
const fixed = { buying: 60_000n, selling: 300_000n };

it("is what the exchange left beyond fixed prices; what was not done counts at neither, and its cost is taken off", () => {
  const legs = [leg("sell", 1000, exchange, 175_000n), leg("buy", 500, home, 92_500n)];
  expect(revenueOf(home, legs, [], fixed)).toMatchObject({
    soldWh: 1000,
    receivedMicro: 175_000n,
    soldAtFixedMicro: 60_000n,
    paidMicro: 92_500n,
    boughtAtFixedMicro: 150_000n,
    gainMicro: 115_000n + 57_500n,
  });
  const records = [corrected("sell", 200, home, "84000"), corrected("buy", 100, exchange, "4000")];
  expect(revenueOf(home, legs, records, fixed)).toMatchObject({
    soldAtFixedMicro: 48_000n,
    boughtAtFixedMicro: 120_000n,
    undoneWh: 300,
    deviationMicro: 80_000n,
    gainMicro: 127_000n + 27_500n - 80_000n,
  });
});

it("counts what a seller pays at a negative price against it", () => {
  expect(revenueOf(home, [leg("sell", 1000, home, 5000n)], [], fixed)).toMatchObject({
    receivedMicro: -5000n,
    gainMicro: -65_000n,
  });
});
