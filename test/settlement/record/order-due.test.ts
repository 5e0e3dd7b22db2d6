import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { Evidence, OrderEvidence } from "../../../core/message/settlement-message.ts";
import { slotsOfLocalDay } from "../../../core/slots.ts";
import { composeRecord } from "../../../settlement/record/compose-record.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import { orderEvidence, settleOrder } from "../../../settlement/record/flex-order.ts";
import { gridOperatorOf } from "../../../settlement/record/grid-agreement.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import * as parties from "../fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"c0".repeat(20)}` };
const agreement = parties.exampleGridAgreement(domain);
const { aggregator } = agreement;
const day = slotsOfLocalDay("2026-12-01", "Europe/Amsterdam", 60);
const [start, end] = [iso(day[0]?.startMs ?? 0), iso(day.at(-1)?.endMs ?? 0)];
const service = { kind: "flexibility" as const, start, end };
const order = (change: Partial<OrderEvidence> = {}): Evidence => ({
  register: "none",
  slots: [],
  order: {
    reference: "order-1",
    point: "feeder-7",
    price: "700000",
    penaltyPerKwh: "300000",
    slots: [
      { start: iso(day[3]?.startMs ?? 0), end: iso(day[3]?.endMs ?? 0), baselineWh: 10_000, orderedWh: 2000, meteredWh: 8000 },
    ],
    ...change,
  },
});
const metered = (meteredWh: number): Evidence =>
  order({ slots: (order().order?.slots ?? []).map((slot) => ({ ...slot, meteredWh })) });

describe("an order of a grid operator", () => {
  it("pays for what was delivered, less a penalty for what is missing, and below zero the aggregator pays", () => {
    const dso = gridOperatorOf(agreement);
    expect(dueOf(service, order(), agreement, null)).toEqual({ wh: 2000, payer: dso, amount: 700_000n });
    expect(dueOf(service, metered(7000), agreement, null)).toEqual({ wh: 2000, payer: dso, amount: 700_000n });
    expect(dueOf(service, metered(9000), agreement, null)).toEqual({ wh: 1000, payer: dso, amount: 50_000n });
    expect(dueOf(service, metered(10_000), agreement, null)).toEqual({ wh: 0, payer: aggregator, amount: 600_000n });
    expect(dueOf(service, metered(11_000), agreement, null)).toEqual({ wh: 0, payer: aggregator, amount: 900_000n });
  });

  it.each<[string, Evidence, string]>([
    ["another penalty than agreed", order({ penaltyPerKwh: "299999" }), "settlement-order-differs"],
    ["dearer than the reserve price", order({ price: "2001001" }), "settlement-order-differs"],
    ["a price below zero", order({ price: "-1" }), "settlement-order-differs"],
    ["no order", { register: "none", slots: [] }, "settlement-wrong-evidence"],
    ["a register too", { ...order(), register: "import" }, "settlement-wrong-evidence"],
    [
      "a slot twice",
      order({ slots: [...(order().order?.slots ?? []), ...(order().order?.slots ?? [])] }),
      "settlement-wrong-evidence",
    ],
    [
      "nothing ordered in a slot",
      order({ slots: (order().order?.slots ?? []).map((slot) => ({ ...slot, orderedWh: 0 })) }),
      "settlement-wrong-evidence",
    ],
    [
      "a slot of another day",
      order({ slots: (order().order?.slots ?? []).map((slot) => ({ ...slot, start: end, end: "2026-12-02T00:00:00Z" })) }),
      "settlement-wrong-evidence",
    ],
  ])("is refused with %s", (_, evidence, code) => {
    expect(caught(() => dueOf(service, evidence, agreement, null))).toBe(code);
  });

  it("is for one local day, under a contract about orders, and with nobody but a grid operator", () => {
    expect(caught(() => dueOf({ ...service, end: "2026-12-01T22:00:00Z" }, order(), agreement, null))).toBe(
      "settlement-wrong-period",
    );
    const { orders: _, ...without } = agreement;
    expect(dueOf(service, order(), without, null)).toBeUndefined();
    expect(dueOf({ ...service, kind: "reward" }, order(), agreement, null)).toBeUndefined();
    const home = parties.exampleAgreement(domain);
    expect(caught(() => dueOf(service, order(), home, null))).toBe("settlement-wrong-evidence");
    expect(caught(() => dueOf({ ...service, kind: "reward" }, order(), home, null))).toBe("settlement-wrong-evidence");
  });

  it("comes to the same from its evidence as from its schedules, to the last unit", () => {
    const watts = fc.integer({ min: -20_000, max: 20_000 });
    const slot = fc.record({ baseline: watts, power: watts, metered: watts, asked: fc.constantFrom(-1, 0, 1) });
    const all = fc.array(slot, { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(all, fc.bigInt({ min: 0n, max: 20_000n }), (slots, price) => {
        const schedule = {
          offer: "order-1",
          powerW: slots.map(({ power }) => power),
          price,
          asked: slots.map(({ asked }) => asked),
        };
        const settled = settleOrder(schedule, {
          baselineW: slots.map(({ baseline }) => baseline),
          meteredWh: slots.map(({ metered: wh }) => wh),
          hours: 1,
          penalty: 300_000n,
        });
        const found = orderEvidence({ ...schedule, point: "feeder-7", penaltyPerKwh: 300_000n }, settled, day);
        const evidence: Evidence = { register: "none", slots: [], order: found };
        fc.pre(price * 1000n <= 1_000_000n * BigInt(found.slots.reduce((sum, { orderedWh }) => sum + Math.abs(orderedWh), 0)));
        const due = dueOf(service, evidence, agreement, null);
        expect(due?.payer === aggregator ? -(due?.amount ?? 0n) : due?.amount).toBe(settled.netMicro);
        expect(due?.wh).toBe(settled.slots.reduce((sum, { deliveredWh }) => sum + deliveredWh, 0));
        const salt = `0x${"11".repeat(32)}`;
        const record = composeRecord({ ...service, agreement, previous: null, evidence, series: null, salt, time: end });
        expect(BigInt(record.cumA) + BigInt(record.cumB)).toBe(due?.amount);
        expect(recordDigest(domain, record)).toMatch(/^0x/);
      }),
    );
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return errorCode(error);
  }
}
