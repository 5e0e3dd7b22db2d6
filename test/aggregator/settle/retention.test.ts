import { expect, it } from "vitest";
import { retention } from "../../../aggregator/retain/retention.ts";
import type { FlexEvent } from "../../../aggregator/store/event-store.ts";
import type { Agreement, FlexibilityRule } from "../../../settlement/record/agreement.ts";
import { iso } from "../../../core/clock/clock.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { exampleAgreement, exampleSeries, household } from "../../settlement/fixture.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { type Desk, disputeOf, domain, openDesk, proposed, signedBy, site } from "./home-double.ts";

const dayMs = 96 * quarterMs;
const reward: FlexibilityRule = {
  kind: "flexibility",
  share: 750,
  paidAs: "money",
  control: { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 1 },
};
const terms: Partial<Agreement> = { periodS: 86_400, reward, until: "2027-01-01T23:00:00Z" };
const agreement = exampleAgreement(domain, terms);
/** Days of which each has an event from a quarter on, against the baseline of the ten days before. */
const eventDays = [20, 21, 84];
/** Before these days it disputes a record, and signs nothing until a person decides. */
const silent = { fromDay: 19, untilDay: 84 };
const days = 88;
const dayOf = (perKwh: string): string[] => Array.from({ length: 96 }, () => perKwh);
/** Everything as soon as it may go. */
const spans = { readingsMs: 1, slotsMs: 1, plansMs: 1, eventsMs: 1, limitsMs: 1, auditMs: 1 };

function eventOn(day: number): FlexEvent {
  const startMs = midnightMs + day * dayMs + 72 * quarterMs;
  return {
    site,
    plan: `00000000-0000-4000-8000-0000000000${String(day).padStart(2, "0")}`,
    resource: "car",
    agreement: agreementHash(agreement),
    meter: "grid",
    baseline: "ten_of_ten",
    startMs,
    endMs: startMs + 4 * quarterMs,
    powerW: null,
    overridden: false,
    excused: false,
  };
}

/** Days of a home that follows events, and disputes a record on which a person decides after nine weeks. */
async function manyDays(atNight: (desk: Desk) => Promise<void>): Promise<Desk> {
  const series = Array.from({ length: days + 1 }, (_, day) =>
    exampleSeries({ start: iso(midnightMs + day * dayMs), importPerKwh: dayOf("210000"), exportPerKwh: dayOf("80000") }),
  );
  const desk = await openDesk({ agreement: terms, prices: priceBook(series) });
  const { store, clock, proposer } = desk;
  let disputed = false;
  for (let day = 0; day < days; day++) {
    const event = eventDays.includes(day) ? eventOn(day) : undefined;
    if (event) {
      await store.freezePrices([{ startMs: event.startMs, endMs: event.endMs, perKwh: 400_000n }], midnightMs);
      await store.addEvent(event);
      await store.savePlans(site, [{ plan: event.plan, resource: "car", instructions: [] }], clock.now());
      await store.answerPlan(site, event.plan, "ACCEPTED", null);
    }
    const wh = (hour: number): number => (event && hour === 18 ? 140 : 400 + ((day * 31 + hour * 7) % 50));
    const hours = Array.from({ length: 24 }, (_, hour) => {
      const startMs = midnightMs + day * dayMs + hour * 4 * quarterMs;
      const span = { start: iso(startMs), end: iso(startMs + 4 * quarterMs) };
      return slotItem(1 + day * 24 + hour, 0, wh(hour), span);
    });
    await store.ingest(site, message(hours));
    await clock.advance(dayMs);
    await proposer.advance(site);
    for (; day < silent.fromDay || day >= silent.untilDay;) {
      const newest = await store.newestRecord(site);
      if (newest?.state !== "proposed") break;
      const record = proposed(desk.down);
      if (day === silent.fromDay - 1 && !disputed) {
        // Its slots are asked for again by the person who decides, weeks later.
        disputed = true;
        await proposer.answer(site, disputeOf(record, "settlement-energy-differs"));
        break;
      }
      await proposer.answer(site, await signedBy(household.signer, record));
    }
    if (day % 4 === 3 || day === silent.untilDay - 1) await atNight(desk);
    if (day === silent.untilDay - 1) {
      const [open] = await store.disputes({ open: true, limit: 1 });
      if (open) await store.resolveDispute(open.id, "again", clock.now());
    }
  }
  expect(disputed).toBe(true);
  return desk;
}

it("proposes the same records, evidence and rewards whatever was deleted in between", async () => {
  let gone = 0;
  const kept = await manyDays(() => Promise.resolve());
  const thinned = await manyDays(async ({ store, clock }) => {
    const { signal } = new AbortController();
    const agreements = new Map([[site, agreement]]);
    const job = retention({ store, spans, agreements, clock, log: silentLog(), signal, biteRows: 64 });
    const { slots, events, prices } = await job.run();
    gone += slots + events + prices;
  });
  expect(gone).toBeGreaterThan(24);
  expect(thinned.down.map((one) => JSON.stringify(one))).toEqual(kept.down.map((one) => JSON.stringify(one)));
  const untilMs = midnightMs + days * dayMs;
  const rewards = await kept.store.rewards(site, midnightMs, untilMs);
  expect(await thinned.store.rewards(site, midnightMs, untilMs)).toEqual(rewards);
  expect(rewards.filter(({ amount }) => amount > 0n)).toHaveLength(eventDays.length);
  expect(await thinned.store.statistics(null)).toEqual(await kept.store.statistics(null));
  expect(await thinned.store.settledSums({ fromMs: midnightMs, toMs: untilMs, site: null })).toEqual(
    await kept.store.settledSums({ fromMs: midnightMs, toMs: untilMs, site: null }),
  );
}, 120_000);
