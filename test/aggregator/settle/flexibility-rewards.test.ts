import { describe, expect, it } from "vitest";
import type { IncomeSource } from "../../../aggregator/reward/income.ts";
import type { FlexEvent } from "../../../aggregator/store/event-store.ts";
import { priceBook } from "../../../planner/price-book.ts";
import type { Agreement, FlexibilityRule } from "../../../settlement/record/agreement.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { aggregator, exampleAgreement, exampleSeries, household } from "../../settlement/fixture.ts";
import { bootTwo, message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { type Desk, domain, neighbourSite, openDesk, proposed, reported, signedBy, site } from "./home-double.ts";

const dayMs = 96 * quarterMs;
const rule: FlexibilityRule = {
  kind: "flexibility",
  share: 750,
  paidAs: "money",
  control: { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 1 },
};
const terms: Partial<Agreement> = { periodS: 86_400, reward: rule };
const agreement = exampleAgreement(domain, terms);
const plan = "00000000-0000-4000-8000-000000000001";
/** The car was plugged in from quarter 72 to 80; it can take 2 kWh in a quarter of an hour. */
const session: FlexEvent = {
  site,
  plan,
  resource: "car",
  agreement: agreementHash(agreement),
  meter: "car-meter",
  baseline: "charge_now",
  startMs: midnightMs + 72 * quarterMs,
  endMs: midnightMs + 80 * quarterMs,
  powerW: 8000,
  overridden: false,
  excused: false,
};
/** The same of the neighbour. */
const neighbours: FlexEvent = { ...session, site: neighbourSite, plan: plan.replace(/1$/, "9") };
/** 0.40 EUR in the first half of the session, then 0.10 EUR, and 0.90 EUR in its last quarter of an hour. */
const frozen = Array.from({ length: 8 }, (_, at) => ({
  startMs: session.startMs + at * quarterMs,
  endMs: session.startMs + (at + 1) * quarterMs,
  perKwh: at < 4 ? 400_000n : at < 7 ? 100_000n : 900_000n,
}));
const late = [0, 0, 0, 0, 2000, 0, 0, 0];

const charged = (desk: Desk, whs: readonly number[], home = site) =>
  desk.store.ingest(home, message(whs.map((wh, at) => slotItem(1001 + at, 72 + at, wh, { meter: "car-meter", role: "load" }))));
const series = exampleSeries();
const twoDays = exampleSeries({
  importPerKwh: [...series.importPerKwh, ...series.importPerKwh],
  exportPerKwh: [...series.exportPerKwh, ...series.exportPerKwh],
});

interface OpenedDay {
  neighbour?: true;
  events?: readonly FlexEvent[];
  reward?: FlexibilityRule;
  income?: readonly IncomeSource[];
  feedersOf?: () => string[];
}

/** A day without import at the grid meter that is over, prices that were frozen before it, and an event of each home. */
async function openDay(change: OpenedDay = {}): Promise<Desk> {
  const { neighbour, reward = rule, income = [], feedersOf = () => [] } = change;
  const desk = await openDesk({
    agreement: { ...terms, reward },
    prices: priceBook([twoDays]),
    ...(neighbour && { neighbour }),
    income,
    feedersOf,
  });
  await desk.store.freezePrices(frozen, midnightMs);
  for (const event of change.events ?? [session]) {
    await desk.store.addEvent(event);
    await takes(desk, event);
  }
  await reported(
    desk.store,
    0,
    Array.from({ length: 96 }, () => 0),
  );
  await desk.clock.advance(dayMs);
  return desk;
}
/** The home has taken the plan of an event. */
async function takes({ store }: Desk, { site: home, plan: id, resource }: FlexEvent): Promise<void> {
  if ((await store.planAnswer(home, id)) !== undefined) return;
  await store.savePlans(home, [{ plan: id, resource, instructions: [] }], midnightMs);
  await store.answerPlan(home, id, "ACCEPTED", null);
}
const proposals = ({ down }: Desk): number => down.filter(({ kind }) => kind === "proposal").length;

describe("a reward for flexibility", () => {
  it("is proposed once after the service day, with evidence that gives its amount", async () => {
    const desk = await openDay();
    await charged(desk, late);
    await desk.proposer.advance(site);
    const record = proposed(desk.down);
    expect(record).toMatchObject({
      kind: "reward",
      start: "2026-03-01T23:00:00.000Z",
      end: "2026-03-02T23:00:00.000Z",
      wh: 0,
      // 2 kWh moved from 0.40 to 0.10 EUR, and three quarters of that.
      amount: "450000",
      payer: aggregator.owner,
      agreement: agreementHash(agreement),
    });
    const sent = desk.down.at(-1);
    if (sent?.kind !== "proposal") return expect.fail("no proposal");
    expect(sent.evidence.flexibility).toMatchObject({
      fundedPpm: 1_000_000,
      events: [{ plan, resource: "car", meter: "car-meter", baseline: "charge_now" }],
    });
    expect(evidenceHash(sent.evidence)).toBe(record.ref);
    expect(dueOf(record, sent.evidence, agreement, null)?.amount).toBe(450_000n);
    await desk.proposer.answer(site, await signedBy(household.signer, record));
    await desk.restart();
    await desk.proposer.advance(site);
    expect([proposals(desk), (await desk.store.newestRecord(site))?.state]).toEqual([1, "cosigned"]);
    expect(await desk.store.rewardOf(site, midnightMs)).toMatchObject({ amount: 450_000n, agreement: record.agreement });
  });

  it("waits for the meter's slots, for a day at most; the others' with it", async () => {
    const desk = await openDay({ neighbour: true, events: [session, neighbours] });
    await charged(desk, late);
    await desk.proposer.advance(site);
    await desk.clock.advance(dayMs - 1);
    await desk.proposer.advance(site);
    expect([proposals(desk), await desk.store.rewardOf(site, midnightMs)]).toEqual([0, null]);
    await desk.clock.advance(1);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ kind: "reward", amount: "450000" });
    expect(await desk.store.rewardOf(neighbourSite, midnightMs)).toMatchObject({ amount: 0n, evidence: null });
    expect(desk.log.lines).toContainEqual(
      expect.objectContaining({ fields: { site: neighbourSite, plan: neighbours.plan, problem: "missing" } }),
    );
  });

  it("is paid from what is left after another home's loss", async () => {
    const desk = await openDay({ neighbour: true, events: [session, neighbours] });
    await charged(desk, late);
    // Half a kWh that would have cost 0.40 EUR was drawn at 0.90: 0.25 EUR lost, of the 0.60 that the other earned.
    await charged(desk, [0, 0, 0, 0, 0, 0, 0, 500], neighbourSite);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ amount: "350000" });
    expect(await desk.store.rewardOf(neighbourSite, midnightMs)).toMatchObject({ earned: -250_000n, amount: 0n });
  });

  it.each<[string, readonly FlexEvent[]]>([
    ["nothing was controlled", []],
    ["the resident overrode the event", [{ ...session, overridden: true }]],
    ["the event was under other terms", [{ ...session, agreement: `0x${"00".repeat(32)}` }]],
    ["the house has too short a history for a baseline", [{ ...session, baseline: "ten_of_ten", meter: "grid", powerW: null }]],
    ["no price was frozen", [{ ...session, startMs: midnightMs, endMs: midnightMs + quarterMs, meter: "grid" }]],
  ])("is none, and holds up nothing, where %s", async (_, events) => {
    const desk = await openDay({ events });
    await charged(desk, late);
    await desk.proposer.advance(site);
    expect([proposals(desk), (await desk.store.cursors(site)).get("reward")]).toEqual([0, midnightMs + dayMs]);
  });

  it("an override costs only its event", async () => {
    const other = { ...session, plan: plan.replace(/1$/, "2"), resource: "boiler", meter: "boiler-meter", overridden: true };
    const desk = await openDay({ events: [session, other] });
    await charged(desk, late);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ amount: "450000" });
  });

  it("counts a meter's time once, and leaves out what cannot stand beside it", async () => {
    const desk = await openDay({ events: [session, { ...session, plan: plan.replace(/1$/, "2") }] });
    await charged(desk, late);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ amount: "450000" });
    expect(desk.log.lines).toMatchObject([{ fields: { problem: expect.stringContaining("counts twice") } }]);
  });

  it("is not given to who joins a day that is shared out", async () => {
    const desk = await openDay({ neighbour: true });
    await charged(desk, late);
    const one = { ...session, startMs: midnightMs, endMs: midnightMs + dayMs, earned: 5n, amount: 3n, evidence: null };
    expect(await desk.store.addRewards([{ ...one, site: neighbourSite }], 1)).toBe(true);
    await desk.proposer.advance(site);
    expect(proposals(desk)).toBe(0);
    expect(await desk.store.rewardOf(site, midnightMs)).toMatchObject({ amount: 0n, evidence: null });
  });

  it("counts no plan that the home did not take", async () => {
    const desk = await openDay();
    await charged(desk, late);
    await desk.store.answerPlan(site, plan, "REJECTED", "x");
    await desk.proposer.advance(site);
    expect(proposals(desk)).toBe(0);
  });

  const loss: FlexEvent = { ...session, plan: plan.replace(/1$/, "3"), resource: "boiler", meter: "boiler-meter" };
  const boilerDrew = (desk: Desk) =>
    desk.store.ingest(
      site,
      message(
        [0, 0, 0, 0, 0, 0, 0, 500].map((wh, at) => slotItem(2001 + at, 72 + at, wh, { meter: "boiler-meter", role: "load" })),
        bootTwo,
      ),
    );

  it.each<[string, Partial<FlexEvent>, string]>([
    // The boiler's half kWh at 0.90 instead of 0.40 EUR costs 0.25 EUR; three quarters of the other 0.35 are left.
    ["is netted", {}, "262500"],
    // Forgiven, it is not there to be paid from all the same: all that was avoided goes to the home.
    ["is forgiven where safety stood above the plan", { excused: true }, "350000"],
    ["is forgiven where the contract did not allow the event", { resource: "pump" }, "350000"],
  ])("a loss %s", async (_, change, amount) => {
    const two = { ...rule, control: { ...rule.control, eventsPerDay: 2, resources: ["boiler", "car"] } };
    const signed = exampleAgreement(domain, { ...terms, reward: two });
    const under = { agreement: agreementHash(signed) };
    const desk = await openDay({
      events: [
        { ...session, ...under },
        { ...loss, ...under, ...change },
      ],
      reward: two,
    });
    await charged(desk, late);
    await boilerDrew(desk);
    await desk.proposer.advance(site);
    expect(await desk.store.income(midnightMs, midnightMs + 1)).toMatchObject([{ source: "avoided costs", micro: 350_000n }]);
    expect(proposed(desk.down)).toMatchObject({ amount });
  });

  it("is paid from what flexibility brought in, by each source, and waits for one that cannot tell yet", async () => {
    let market: bigint | null = null;
    const income = [{ source: "market", earned: async () => market }];
    const desk = await openDay({ income });
    await charged(desk, late);
    await desk.proposer.advance(site);
    expect(proposals(desk)).toBe(0);
    market = -300_000n;
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ amount: "300000" });
    expect(await desk.store.income(midnightMs, midnightMs + 1)).toEqual([
      { startMs: midnightMs, endMs: midnightMs + dayMs, source: "avoided costs", micro: 600_000n },
      { startMs: midnightMs, endMs: midnightMs + dayMs, source: "market", micro: -300_000n },
    ]);
  });

  it("counts what a feeder's grid operator asked for more at the time", async () => {
    const desk = await openDay({ feedersOf: () => ["elm"] });
    const charge = { feeder: "elm", agreement: `0x${"00".repeat(32)}`, perKwh: 100_000n };
    await desk.store.freezeCharges(
      frozen.map(({ startMs, endMs }, at) => ({ ...charge, startMs, endMs, perKwh: at < 4 ? 100_000n : 0n })),
      midnightMs,
    );
    await charged(desk, late);
    await desk.proposer.advance(site);
    // 2 kWh moved from 0.50 to 0.10 EUR.
    expect(proposed(desk.down)).toMatchObject({ amount: "600000" });
  });
});
