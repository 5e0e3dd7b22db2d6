import { id } from "ethers";
import { describe, expect, it } from "vitest";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import { checkRecord, type OwnSlot, type RecordContext } from "../../../settlement/record/check-record.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import {
  addressOf,
  after,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  householdIsA,
  keyOf,
  midnightS,
  noEvidence,
  partyA,
} from "../fixture.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const importWhs = [151, 0, 87, 1203];
const evidence = exampleEvidence("import", importWhs);
const record = exampleRecord(domain);
const ms = (seconds: number): number => (midnightS + seconds) * 1000;
const own = (register: "import" | "export", whs: number[], startS = 0): OwnSlot[] =>
  whs.map((wh, slot) => ({ register, startMs: ms(startS + slot * 900), endMs: ms(startS + slot * 900 + 900), wh }));

const context: RecordContext = {
  previous: null,
  agreement: exampleAgreement(domain),
  series: exampleSeries(),
  ownSlots: [...own("import", importWhs), ...own("export", [4, 3, 2, 1]), ...own("import", [99], 3600)],
  covered: [],
  pairs: [],
  nowMs: ms(3631),
};

const check = (change: Partial<RecordWire>, given: Partial<RecordContext> = {}, slots: Evidence = evidence) =>
  checkRecord({ record: { ...record, ...change }, evidence: slots }, { ...context, ...given });

describe("a proposal that agrees with everything", () => {
  it("is signed: import, then export, then a reward", () => {
    expect(check({})).toEqual({ ok: true });
    const exported = exampleEvidence("export", [4, 3, 2, 1]);
    const second = exampleRecord(domain, { previous: record, kind: "export", evidence: exported });
    const covered = [{ register: "import" as const, startMs: ms(0), endMs: ms(3600) }];
    expect(checkRecord({ record: second, evidence: exported }, { ...context, previous: record, covered })).toEqual({ ok: true });
    const third = exampleRecord(domain, {
      previous: second,
      kind: "reward",
      evidence: noEvidence,
      series: null,
      lengthS: 86_400,
    });
    expect(
      checkRecord(
        { record: third, evidence: noEvidence },
        { ...context, previous: second, series: null, covered, nowMs: ms(86_431) },
      ),
    ).toEqual({ ok: true });
  });
});

describe("a proposal is disputed", () => {
  const mallory = addressOf(keyOf("mallory"));
  const [low, high] = [mallory, record.b].toSorted();
  const grown = (field: "cumA" | "cumB") => ({ [field]: String(BigInt(record[field]) + 1n) });
  const otherSlots = (change: (slots: Evidence["slots"]) => Evidence["slots"]): [Partial<RecordWire>, Evidence] => {
    const changed = { ...evidence, slots: change(evidence.slots) };
    return [{ ref: evidenceHash(changed) }, changed];
  };
  const cases: [string, string, Partial<RecordWire>, Partial<RecordContext>?, Evidence?][] = [
    ["between other parties", "settlement-wrong-party", { a: low ?? "", b: high ?? "", payer: record.b }],
    ["with a field that cannot be signed", "settlement-bad-record", { wh: -5 }],
    ["under another agreement", "settlement-wrong-agreement", { agreement: id("other") }],
    ["before the agreement starts", "settlement-outside-agreement", { start: after(-900) }],
    ["for a period that is not over", "settlement-future", {}, { nowMs: ms(3599) }],
    ["proposed in the future", "settlement-future", { time: after(3700) }],
    ["with a gap in the numbers", "settlement-seq-gap", { seq: 2 }],
    ["for a number that has a signed record", "settlement-seq-gap", {}, { previous: record }],
    ["after another record", "settlement-wrong-prev", { prev: id("other") }],
    [
      "with evidence that is not what was hashed",
      "settlement-wrong-evidence",
      {},
      {},
      exampleEvidence("import", [151, 0, 87, 1204]),
    ],
    ["with evidence of the other register", "settlement-wrong-evidence", { kind: "export" }],
    ["for more energy than was metered", "settlement-energy-differs", ...withOwn([150, 0, 87, 1203])],
    ["before the own ledger has the slots", "settlement-energy-missing", ...withOwn([151, 0, 87])],
    ["leaving out a slot", "settlement-energy-differs", ...threeSlots()],
    ["made before its period ended", "settlement-bad-record", { time: after(3599) }],
    ["with another sum than its slots", "settlement-energy-differs", { wh: record.wh + 1 }],
    ["at other prices", "settlement-price-differs", {}, { series: exampleSeries({ importPerKwh: Array(96).fill("1") }) }],
    ["without prices here", "settlement-no-price", {}, { series: null }],
    ["for one micro-unit more", "settlement-amount-differs", { amount: String(BigInt(record.amount) + 1n) }],
    ["with the other side as payer", "settlement-wrong-payer", { payer: aggregator.owner }],
    ["with another total of a", "settlement-wrong-cumulative", grown("cumA")],
    ["with another total of b", "settlement-wrong-cumulative", grown("cumB")],
    ["for a longer period than agreed", "settlement-wrong-period", {}, { agreement: context.agreement }],
    ["of a kind without a rule", "settlement-no-rule", { kind: "fee", ref: evidenceHash(noEvidence) }, {}, noEvidence],
  ];

  function withOwn(whs: number[]): [Partial<RecordWire>, Partial<RecordContext>] {
    return [{}, { ownSlots: own("import", whs) }];
  }
  function threeSlots(): [Partial<RecordWire>, Partial<RecordContext>, Evidence] {
    const [change, slots] = otherSlots((all) => all.slice(0, 3));
    return [change, {}, slots];
  }

  it.each(cases.filter(([, code]) => code !== "settlement-wrong-period"))("%s: %s", (_, code, change, given, slots) => {
    expect(check(change, given, slots)).toMatchObject({ ok: false, code, message: expect.stringMatching(/.{10}/) });
  });

  it.each([
    ["begins a second late", 1, 3600],
    ["ends a second early", 0, 3599],
    ["lies within one slot", 10, 20],
    ["begins late and ends early, to leave out the energy of both slots", 1, 1799],
  ])("for a period that %s", (_, from, to) => {
    const empty = exampleEvidence("import", []);
    const cut = exampleRecord(domain, { evidence: empty });
    const changed = { ...cut, start: after(from), end: after(to), wh: 0, amount: "0", cumA: "0", cumB: "0" };
    expect(checkRecord({ record: changed, evidence: empty }, context)).toMatchObject({
      ok: false,
      code: "settlement-split-slot",
    });
  });

  it("for an hour of which a slot is missing, though evidence and own ledger agree", () => {
    const slots = own("import", importWhs);
    for (const missing of [0, 1, 2, 3]) {
      const kept = slots.toSpliced(missing, 1);
      const same = { ...evidence, slots: evidence.slots.toSpliced(missing, 1) };
      const hour = exampleRecord(domain, { evidence: same });
      expect(checkRecord({ record: hour, evidence: same }, { ...context, ownSlots: kept })).toMatchObject({
        code: "settlement-energy-missing",
      });
    }
  });

  it("for a longer period than agreed", () => {
    const longer = exampleAgreement(domain, { periodS: 7200 });
    const twoHours = exampleEvidence("import", [...importWhs, ...importWhs]);
    const long = exampleRecord(domain, { agreement: longer, lengthS: 7200, evidence: twoHours });
    const slots = own("import", [...importWhs, ...importWhs]);
    const shorter = { ...context, agreement: longer, nowMs: ms(8000), ownSlots: slots };
    expect(checkRecord({ record: long, evidence: twoHours }, shorter)).toEqual({ ok: true });
    const tooLong = { ...long, agreement: record.agreement };
    expect(checkRecord({ record: tooLong, evidence: twoHours }, { ...context, nowMs: ms(8000), ownSlots: slots })).toMatchObject({
      code: "settlement-wrong-period",
    });
  });

  it("with the own figures", () => {
    expect(check({ amount: "1" })).toMatchObject({ own: { wh: 1441, amount: record.amount } });
    expect(check({}, { ownSlots: own("import", [150, 0, 87, 1203]) })).toMatchObject({ own: { wh: 1440 } });
    expect(check({ seq: 5 }, { previous: record })).toMatchObject({ own: { prev: recordDigest(domain, record) } });
  });

  it.each([
    ["the same period", "import", 0, 3600, false],
    ["its last second", "import", 3599, 7200, false],
    ["up to its start", "import", -3600, 0, true],
    ["from its end", "import", 3600, 7200, true],
    ["it on the other register", "export", 0, 3600, true],
  ] as const)("when a signed record covers %s (%s)", (_, register, from, to, ok) => {
    const result = check({}, { covered: [{ register, startMs: ms(from), endMs: ms(to) }] });
    expect(result).toMatchObject(ok ? { ok } : { ok, code: "settlement-overlap" });
  });

  it("for a second reward within a day", () => {
    const reward = exampleRecord(domain, { kind: "reward", evidence: noEvidence, series: null, lengthS: 86_400 });
    const covered = [{ register: "none" as const, startMs: ms(-3600), endMs: ms(82_800) }];
    const result = checkRecord(
      { record: reward, evidence: noEvidence },
      { ...context, series: null, covered, nowMs: ms(90_000) },
    );
    expect(result).toMatchObject({ code: "settlement-overlap" });
  });
});

describe("the payer's escrow", () => {
  const due = BigInt(record.amount);
  const empty: PairState = {
    balanceA: 0n,
    balanceB: 0n,
    cumA: 0n,
    cumB: 0n,
    open: 0n,
    seq: 0,
    withdrawals: 0,
    leavingA: 0n,
    leavingB: 0n,
    head: `0x${"0".repeat(64)}`,
  };
  const money = (amount: bigint) => (partyA === household ? { balanceA: amount } : { balanceB: amount });

  it("must cover this record to the last micro-unit", () => {
    expect(check({}, { pairs: [{ ...empty, ...money(due) }] })).toEqual({ ok: true });
    expect(check({}, { pairs: [{ ...empty, ...money(due - 1n) }] })).toMatchObject({ code: "settlement-escrow-short" });
  });

  it("does not count what its side has announced to take out, and counts what the other side has", () => {
    const leaving = (amount: bigint, mine: boolean) =>
      (partyA === household) === mine ? { leavingA: amount } : { leavingB: amount };
    expect(check({}, { pairs: [{ ...empty, ...money(due + 5n), ...leaving(6n, true) }] })).toMatchObject({
      code: "settlement-escrow-short",
    });
    expect(check({}, { pairs: [{ ...empty, ...money(due + 5n), ...leaving(5n, true) }] })).toEqual({ ok: true });
    expect(check({}, { pairs: [{ ...empty, ...money(due), ...leaving(9n, false) }] })).toEqual({ ok: true });
  });

  it("must cover it at every block that is looked at: what a reorganisation takes away was never there", () => {
    const [rich, poor] = [
      { ...empty, ...money(due) },
      { ...empty, ...money(due - 1n) },
    ];
    expect(check({}, { pairs: [rich, rich] })).toEqual({ ok: true });
    for (const pairs of [
      [rich, poor],
      [poor, rich],
    ])
      expect(check({}, { pairs })).toMatchObject({ code: "settlement-escrow-short" });
  });

  it("must cover what is still open on chain too, and nothing that the other side owes", () => {
    const open = householdIsA ? 10n : -10n;
    expect(check({}, { pairs: [{ ...empty, open, ...money(due + 9n) }] })).toMatchObject({ code: "settlement-escrow-short" });
    expect(check({}, { pairs: [{ ...empty, open, ...money(due + 10n) }] })).toEqual({ ok: true });
    expect(check({}, { pairs: [{ ...empty, open: -open, ...money(due - 10n) }] })).toEqual({ ok: true });
  });
});
