import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Evidence, type FlexibilityEvidence } from "../../../core/message/settlement-message.ts";
import { divideHalfEven } from "../../../core/units.ts";
import { Agreement, type FlexibilityRule } from "../../../settlement/record/agreement.ts";
import { checkRecord, type MeteredDevice, type MeterSlot } from "../../../settlement/record/check-record.ts";
import { composeRecord } from "../../../settlement/record/compose-record.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import { checkFlexibility, flexibilityEarned, flexibilityReward } from "../../../settlement/record/flexibility.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import {
  addressOf,
  after,
  aggregator,
  exampleAgreement,
  exampleEvent,
  exampleEvidence,
  exampleSeries,
  keyOf,
  midnight,
  noEvidence,
} from "../fixture.ts";

const rule: FlexibilityRule = {
  kind: "flexibility",
  share: 750,
  paidAs: "money",
  control: { resources: ["boiler", "car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 4 },
};
const domain = { chainId: 1, contract: addressOf(keyOf("some contract")) };
const agreement = exampleAgreement(domain, { reward: rule });
const day = { kind: "reward" as const, start: after(0), end: after(86_400) };
type Event = FlexibilityEvidence["events"][number];
type Slot = readonly [baselineWh: number, meteredWh: number, perKwh: string];

/** An event in quarters of an hour that begins so many of them after midnight. */
const eventOf = (slots: readonly Slot[], from = 72, change: Partial<Event> = {}): Event =>
  exampleEvent(slots, from * 900, change);
/** 2 kWh moved from 0.40 to 0.10 EUR: 0.60 EUR earned. */
const moved = eventOf([
  [2000, 0, "400000"],
  [0, 2000, "100000"],
]);
const evidenceOf = (events: Event[], fundedPpm = 1_000_000): Evidence => ({ ...noEvidence, flexibility: { fundedPpm, events } });
const code = (expected: string) => expect.objectContaining({ code: expected });

describe("the rule `flexibility` of an agreement", () => {
  it("passes the schema", () => expect(Agreement.parse(agreement)).toEqual(agreement));

  it.each<[string, object]>([
    ["a share above the whole", { share: 1001 }],
    ["a negative share", { share: -1 }],
    ["a way of paying that is not known", { paidAs: "vouchers" }],
    ["no limits of control", { control: undefined }],
    ["no resource", { control: { ...rule.control, resources: [] } }],
    ["resources in another order", { control: { ...rule.control, resources: ["car", "boiler"] } }],
    ["a resource twice", { control: { ...rule.control, resources: ["car", "car"] } }],
    ["hours that are none", { control: { ...rule.control, hours: { from: "24:00", until: "06:00" } } }],
    ["no event a day", { control: { ...rule.control, eventsPerDay: 0 } }],
    ["a term that is not known", { bonus: 1 }],
  ])("is refused with %s", (_, change) => {
    expect(Agreement.safeParse({ ...agreement, reward: { ...rule, ...change } }).success).toBe(false);
  });

  it("leaves the hashes of agreements and evidence of before as they were", () => {
    const fixed = { a: `0x${"1a".repeat(20)}`, b: `0x${"2b".repeat(20)}`, signerA: `0x${"3c".repeat(20)}` };
    const byDay = exampleAgreement(
      { chainId: 31_337, contract: `0x${"5e".repeat(20)}` },
      {
        ...fixed,
        signerB: `0x${"4d".repeat(20)}`,
        aggregator: fixed.a,
      },
    );
    expect(agreementHash(Agreement.parse(byDay))).toBe("0x9eb7e628fc8f86c418383da2c2b0a8465cbb8ceb46a06eadd12144a549ad5f33");
    expect(evidenceHash(exampleEvidence("import", [151, 0, 87, 1203]))).toBe(
      "0xdc851981aa8b4bd01850fdd68c6d73bd72f1ab08da77db24b75918c7673cd6ba",
    );
    expect(evidenceHash(noEvidence)).toBe("0x2bd15fc163bd12e9de8215e612ca28f83d05fdda7e7e5440833eb534a0a74129");
  });
});

describe("the reward for flexibility", () => {
  it("is the agreed share of what was earned", () => {
    expect(flexibilityEarned([moved])).toBe(600_000n);
    expect(dueOf(day, evidenceOf([moved]), agreement, null)).toEqual({ wh: 0, payer: aggregator.owner, amount: 450_000n });
    expect(dueOf(day, evidenceOf([moved], 500_000), agreement, null)?.amount).toBe(225_000n);
  });

  it("nets gains and losses of a day, and is never negative", () => {
    const loss = eventOf([[0, 1000, "400000"]], 10);
    expect(dueOf(day, evidenceOf([moved, loss]), agreement, null)?.amount).toBe(150_000n);
    expect(dueOf(day, evidenceOf([loss]), agreement, null)?.amount).toBe(0n);
  });

  it("as a better price is in whole micro-units per kWh of the events' import", () => {
    const better = { ...rule, paidAs: "better_price" as const };
    const odd = eventOf([
      [2001, 0, "400000"],
      [0, 1999, "100000"],
    ]);
    // (2001 x 0.4 - 1999 x 0.1) x 0.75 EUR = 450375 micro-units are 225300.15 per kWh of 1.999 kWh.
    expect(flexibilityReward({ events: [odd], fundedPpm: 1_000_000 }, rule)).toBe(450_375n);
    expect(flexibilityReward({ events: [odd], fundedPpm: 1_000_000 }, better)).toBe(450_374n);
    const nothingUsed = eventOf([[2000, 0, "400000"]]);
    expect(flexibilityReward({ events: [nothingUsed], fundedPpm: 1_000_000 }, better)).toBe(0n);
  });

  it("as a discount ends where the events' import costs nothing", () => {
    const discount = { ...rule, paidAs: "discount" as const };
    // 2 kWh at 0.10 EUR.
    expect(flexibilityReward({ events: [moved], fundedPpm: 1_000_000 }, discount)).toBe(200_000n);
    expect(flexibilityReward({ events: [moved], fundedPpm: 100_000 }, discount)).toBe(45_000n);
    const paidForUse = eventOf([
      [2000, 0, "400000"],
      [0, 2000, "-100000"],
    ]);
    expect(flexibilityReward({ events: [paidForUse], fundedPpm: 1_000_000 }, discount)).toBe(0n);
  });

  const slot = fc.tuple(fc.nat(5000), fc.nat(5000), fc.bigInt({ min: -900_000n, max: 900_000n }).map(String));
  const slots = fc.array(slot, { minLength: 1, maxLength: 20 });
  const paidAs = fc.constantFrom("money" as const, "better_price" as const, "discount" as const);

  it("is never negative, never more than earned, never less with more funds, and rounded half-even as money", () => {
    fc.assert(
      fc.property(slots, fc.nat(1000), paidAs, fc.nat(1_000_000), fc.nat(1_000_000), (list, share, how, one, other) => {
        const events = [eventOf(list, 0)];
        const earned = flexibilityEarned(events);
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const at = (fundedPpm: number) => flexibilityReward({ events, fundedPpm }, { ...rule, share, paidAs: how });
        expect(at(less)).toBeGreaterThanOrEqual(0n);
        expect(at(more)).toBeGreaterThanOrEqual(at(less));
        expect(at(more)).toBeLessThanOrEqual(earned > 0n ? earned : 0n);
        if (how === "money" && earned > 0n)
          expect(at(more)).toBe(divideHalfEven(earned * BigInt(share) * BigInt(more), 1_000_000_000n));
      }),
    );
  });

  it("does not depend on the order of events", () => {
    fc.assert(
      fc.property(fc.array(slots, { minLength: 1, maxLength: 4 }), paidAs, (lists, how) => {
        const events = lists.map((list, at) => eventOf(list, at * 20, { resource: `r${at}`, meter: `r${at}` }));
        const of = (some: Event[]) => flexibilityReward({ events: some, fundedPpm: 1_000_000 }, { ...rule, paidAs: how });
        expect(of(events.toReversed())).toBe(of(events));
      }),
    );
  });
});

describe("evidence of flexibility", () => {
  it("fits the agreed rule, and no other record", () => {
    const byDay = exampleAgreement(domain);
    const wrong = code("settlement-wrong-evidence");
    expect(() => dueOf(day, noEvidence, agreement, null)).toThrow(wrong);
    expect(() => dueOf(day, evidenceOf([moved]), byDay, null)).toThrow(wrong);
    expect(() => dueOf({ ...day, end: after(3600) }, evidenceOf([moved]), agreement, null)).toThrow(
      code("settlement-wrong-period"),
    );
    const energy = { ...exampleEvidence("import", [1, 2, 3, 4]), flexibility: evidenceOf([moved]).flexibility };
    const hour = { kind: "import" as const, start: after(0), end: after(3600) };
    expect(() => dueOf(hour, energy, agreement, exampleSeries())).toThrow(wrong);
  });

  it("may begin the evening before, but not before the agreement, and ends on the day", () => {
    const next = { startMs: Date.parse(after(86_400)), endMs: Date.parse(after(2 * 86_400)), fromMs: Date.parse(midnight) };
    const night = eventOf(
      Array.from({ length: 12 }, (): Slot => [0, 0, "1"]),
      90,
    );
    checkFlexibility({ events: [night] }, next);
    for (const bounds of [
      { ...next, fromMs: next.startMs },
      { ...next, startMs: next.startMs + 86_400_000, endMs: next.endMs + 86_400_000 },
      { ...next, startMs: next.startMs - 86_400_000, endMs: next.endMs - 86_400_000 },
    ])
      expect(() => checkFlexibility({ events: [night] }, bounds)).toThrow(code("settlement-wrong-evidence"));
  });

  it.each<[string, Event[]]>([
    ["a gap", [{ ...moved, slots: [...moved.slots, ...eventOf([[1, 1, "1"]], 90).slots] }]],
    ["a slot twice", [{ ...moved, slots: [...moved.slots, ...moved.slots] }]],
    [
      "a slot that ends before it begins",
      [{ ...moved, slots: [{ start: after(900), end: after(0), baselineWh: 1, meteredWh: 1, perKwh: "1" }] }],
    ],
    ["a negative baseline", [eventOf([[-1, 0, "1"]])]],
    ["a negative reading", [eventOf([[0, -1, "1"]])]],
    ["one meter's time twice", [moved, eventOf([[9000, 0, "400000"]], 73, { resource: "boiler" })]],
  ])("is refused with %s", (_, events) => {
    expect(() => dueOf(day, evidenceOf(events), agreement, null)).toThrow(code("settlement-bad-evidence"));
  });

  it("has a bound of events and slots", () => {
    const long = eventOf(Array.from({ length: 201 }, (): Slot => [0, 0, "1"]));
    expect(Evidence.safeParse(evidenceOf([long])).success).toBe(true);
    expect(Evidence.safeParse(evidenceOf([long, long])).success).toBe(false);
    expect(Evidence.safeParse(evidenceOf([])).success).toBe(false);
  });
});

describe("a gateway", () => {
  const salt = `0x${"01".repeat(32)}`;
  const evidence = evidenceOf([moved]);
  const record = composeRecord({
    ...day,
    agreement,
    previous: null,
    evidence,
    series: null,
    salt,
    time: after(86_430),
  });
  const own: MeterSlot[] = moved.slots.map(({ start, end, meteredWh }) => ({
    meter: "car",
    startMs: Date.parse(start),
    endMs: Date.parse(end),
    wh: meteredWh,
  }));
  const check = (change: Partial<typeof record> = {}, meterSlots: readonly MeterSlot[] = own) =>
    checkRecord(
      { record: { ...record, ...change }, evidence },
      {
        previous: null,
        agreement,
        series: null,
        ownSlots: [],
        meterSlots,
        covered: [],
        pairs: [],
        nowMs: Date.parse(after(90_000)),
      },
    );

  it("signs a reward whose metered slots are those of its own ledger", () => {
    expect(record).toMatchObject({ kind: "reward", wh: 0, amount: "450000", payer: aggregator.owner });
    expect(check()).toEqual({ ok: true });
  });

  it("signs no other", () => {
    expect(check({ amount: "449999" })).toMatchObject({ code: "settlement-amount-differs", own: { amount: "450000" } });
    expect(check({}, own.toSpliced(0, 1))).toMatchObject({ code: "settlement-energy-missing" });
    expect(
      check(
        {},
        own.map((slot) => ({ ...slot, meter: "grid" })),
      ),
    ).toMatchObject({ code: "settlement-energy-missing" });
    for (const index of own.keys()) {
      const other = own.map((slot, at) => (at === index ? { ...slot, wh: slot.wh + 1 } : slot));
      expect(check({}, other)).toMatchObject({ code: "settlement-energy-differs" });
    }
  });

  it("recomputes what a metered device would have drawn, and signs no other baseline", () => {
    const devices = [{ resource: "car", meter: "car", powerW: 8000 }];
    const of = (event: Event, known: readonly MeteredDevice[] = devices) => {
      const claimed = evidenceOf([event]);
      const made = composeRecord({
        ...day,
        agreement,
        previous: null,
        evidence: claimed,
        series: null,
        salt,
        time: after(86_430),
      });
      const meterSlots = event.slots.map(({ start, end, meteredWh }) => ({
        meter: event.meter,
        startMs: Date.parse(start),
        endMs: Date.parse(end),
        wh: meteredWh,
      }));
      const rest = { previous: null, agreement, series: null, ownSlots: [], covered: [], pairs: [] };
      const context = { ...rest, meterSlots, devices: known, nowMs: Date.parse(after(90_000)) };
      return checkRecord({ record: made, evidence: claimed }, context);
    };
    expect(of(moved)).toEqual({ ok: true });
    // It can do no more than its meter has shown.
    expect(of(moved, [{ resource: "car", meter: "car", powerW: 4000 }])).toEqual({ ok: true });
    const lie = eventOf([
      [1000, 0, "400000"],
      [1000, 2000, "100000"],
    ]);
    expect(of(lie)).toMatchObject({ code: "settlement-baseline-differs", message: expect.stringContaining("2000 Wh") });
    const block = eventOf(
      [
        [600, 0, "400000"],
        [600, 1200, "100000"],
      ],
      72,
      { baseline: "evenly" },
    );
    expect(of(block)).toEqual({ ok: true });
    expect(of({ ...block, slots: moved.slots })).toMatchObject({ code: "settlement-baseline-differs" });
    expect(of({ ...moved, meter: "cellar" })).toMatchObject({ code: "settlement-wrong-evidence" });
    expect(of(moved, [])).toMatchObject({ code: "settlement-wrong-evidence" });
    // A whole house is not recomputed.
    expect(of({ ...lie, meter: "grid", baseline: "ten_of_ten" }, [])).toEqual({ ok: true });
  });
});
