import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { awayMs } from "../../../aggregator/optimise/home-watch.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { ResourceStatus } from "../../../core/message/resource.ts";
import { localDateOf } from "../../../core/slots.ts";
import { statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";
import { date, day, hourMs, market, most, tighten, timezone } from "./market-rig.ts";

type OverrideOf = NonNullable<ResourceStatus["override"]>;
const overridden = (until: string | null, cause: OverrideOf["cause"] = "user"): ResourceStatus => ({
  ...statusOf("boiler", 0),
  override: { cause, mode: "pause", until },
});

it("takes back what it has offered when a home of it is away, and offers again what the others can do", async () => {
  const one = await market();
  expect(one.said).toMatchObject([{ Message: "DPrognosis", Rounds: { Parties: 3 } }]);
  const first = await one.ask(5000);
  expect(most(first)).toBeLessThanOrEqual(5000);
  one.desk.onState("gw-1", "lost");
  await one.step();
  expect(one.revoked()).toEqual([]);
  await one.clock.advance(awayMs);
  await one.step();
  expect(one.revoked()).toEqual([first.MessageID]);
  expect(await one.order(first)).toMatchObject({
    Result: "Rejected",
    RejectionReason: expect.stringContaining("flex-order-revoked"),
  });
  await one.step();
  expect(one.revoked()).toHaveLength(1);
  // The home draws what it draws; the others still have something to move.
  const second = await one.ask(5000);
  expect(second.MessageID).not.toBe(first.MessageID);
  expect(one.sessions()[0]?.offer).not.toBeNull();
  const kept = () => one.store.flexPrognosis({ point: "ean.1", date });
  expect((await kept())?.relied?.homes.map(({ site }) => site)).toContain("gw-2");
  expect(await one.order(second)).toMatchObject({ Result: "Accepted" });
  // Which appliances homes have is not kept without need.
  expect((await kept())?.relied).toBeNull();
  // What is ordered binds, whoever leaves.
  one.desk.onState("gw-2", "lost");
  await one.clock.advance(awayMs);
  await one.step();
  expect(one.revoked()).toHaveLength(1);
});

/** An operator pauses a home until they say otherwise. */
async function pause({ store, desk, clock }: Awaited<ReturnType<typeof market>>, name: string): Promise<void> {
  await store.addWord({ word: "pause", scope: { kind: "home", name }, atMs: clock.now(), untilMs: null, limitW: null });
  await desk.followOperators();
}

it.each<[string, (one: Awaited<ReturnType<typeof market>>) => Promise<unknown>]>([
  ["its operator has paused it", (one) => pause(one, "gw-0")],
  [
    "it does not sign what it is supplied with",
    async ({ state, desk }) => {
      state.unsettled.add("gw-0");
      await desk.followOperators();
    },
  ],
  ["its resident holds the appliance until somebody says otherwise", ({ store }) => store.saveStatus("gw-0", overridden(null))],
  [
    "its resident pauses the appliance into the day of delivery",
    ({ store }) => store.saveStatus("gw-0", overridden(iso((day[0]?.startMs ?? 0) + hourMs))),
  ],
  ["its appliance has an alarm", ({ store }) => store.saveStatus("gw-0", { ...statusOf("boiler", 0), alarm: "no answer" })],
  ["the feeder is left less by its operator", (one) => tighten(one, "elm")],
  ["the feeder is left less into the day of delivery", (one) => tighten(one, "elm", (day[0]?.startMs ?? 0) + 1)],
  ["it has taken its data back", ({ store, clock }) => store.eraseSite("gw-0", clock.now())],
])("takes back what it has offered of a home where %s", async (_, happen) => {
  const one = await market();
  const offer = await one.ask(5000);
  await happen(one);
  await one.clock.advance(61_000);
  await one.step();
  expect(one.revoked()).toEqual([offer.MessageID]);
});

it.each<[string, (one: Awaited<ReturnType<typeof market>>) => Promise<unknown>]>([
  [
    "a pause that ends before the day begins",
    ({ store }) => store.saveStatus("gw-0", overridden(iso((day[0]?.startMs ?? 0) - 1))),
  ],
  ["what safety does", ({ store }) => store.saveStatus("gw-0", overridden(null, "safety"))],
  ["a limit that ends before the day begins", (one) => tighten(one, "elm", day[0]?.startMs ?? 0)],
  ["a limit of another feeder", (one) => tighten(one, "oak")],
  ["a word of an operator about another home", (one) => pause(one, "gw-9")],
  [
    "a home that is away for a moment",
    async ({ desk }) => {
      desk.onState("gw-0", "lost");
      desk.onState("gw-0", "ready");
    },
  ],
])("leaves what it has offered in spite of %s", async (_, happen) => {
  const one = await market();
  const offer = await one.ask(5000);
  await happen(one);
  await one.clock.advance(61_000);
  await one.step();
  expect(one.revoked()).toEqual([]);
  expect(await one.order(offer)).toMatchObject({ Result: "Accepted" });
});

it("knows after a restart on whom its offers rest", async () => {
  const one = await market();
  const offer = await one.ask(5000);
  one.restart();
  // Its session is known again with the first message of it.
  await one.ask(5000);
  expect(one.revoked()).toEqual([]);
  one.desk.onState("gw-2", "lost");
  await one.clock.advance(awayMs);
  await one.step();
  expect(one.revoked()).toContain(offer.MessageID);
});

it.each<[string, (one: Awaited<ReturnType<typeof market>>) => Promise<unknown>]>([
  ["the feeder is left less by its operator", (one) => tighten(one, "elm")],
  ["the feeder is left less by its configuration", async ({ feeder }) => void (feeder.importLimitW = 4000)],
  ["a home has taken its data back", ({ store, clock }) => store.eraseSite("gw-0", clock.now())],
])("takes back after a restart what it has offered where %s meanwhile, also if the order comes first", async (_, happen) => {
  for (const first of ["order", "request"]) {
    const one = await market();
    const offer = await one.ask(5000);
    await happen(one);
    one.restart();
    if (first === "order")
      expect(await one.order(offer)).toMatchObject({
        Result: "Rejected",
        RejectionReason: expect.stringContaining("flex-order-revoked"),
      });
    else await one.ask(4000);
    expect(one.revoked()).toContain(offer.MessageID);
    // Once more, and what is offered from then on stands.
    const second = await one.ask(3900);
    await one.clock.advance(61_000);
    one.restart();
    expect(await one.order(second)).toMatchObject({ Result: "Accepted" });
  }
});

it("forgets the offers of days that are over, also those that were made before a restart", async () => {
  const one = await market();
  await one.ask(5000);
  one.restart();
  const offers = () => one.store.flexOffers({ point: "ean.1", date });
  await one.step();
  expect(await offers()).toHaveLength(1);
  await one.clock.advance(48 * hourMs);
  one.restart();
  await one.step();
  expect(await offers()).toEqual([]);
});

it("accepts after a restart the order of an offer that still holds, as the first message", async () => {
  const one = await market();
  const offer = await one.ask(5000);
  one.restart();
  expect(await one.order(offer)).toMatchObject({ Result: "Accepted" });
  expect(one.revoked()).toEqual([]);
});

it("accepts an order that comes again because it was kept and the answer to it failed", async () => {
  let fails = true;
  const one = await market((store) => ({
    async audited(work, deedOf) {
      const result = await store.audited(work, deedOf);
      // The connection to the database goes after the commit.
      if (fails) throw new Error("connection lost");
      return result;
    },
  }));
  const offer = await one.ask(5000);
  const reference = randomUUID();
  await expect(one.order(offer, reference)).rejects.toThrow("connection lost");
  fails = false;
  expect(await one.order(offer, reference)).toMatchObject({ Result: "Accepted" });
  expect(one.world.ordered).toEqual([reference]);
  expect(one.sessions()[0]?.order).toMatchObject({ reference });
  expect(await one.order(offer, randomUUID())).toMatchObject({
    RejectionReason: expect.stringContaining("flex-order-conflict"),
  });
});

it("begins a day anew whose prognosis was not kept", async () => {
  let fails = false;
  const one = await market((store) => ({
    saveFlexPrognosis: (...kept) => (fails ? Promise.reject(new Error("disk full")) : store.saveFlexPrognosis(...kept)),
  }));
  const told = () => one.said.flatMap((message) => (message.Message === "DPrognosis" ? [message.Period] : []));
  await one.clock.advance(24 * hourMs);
  fails = true;
  await expect(one.step()).rejects.toThrow("disk full");
  fails = false;
  await one.clock.advance(61_000);
  await one.step();
  expect(told()).toEqual([date, localDateOf(midnightMs + 60 * hourMs, timezone)]);
});

it("answers after a restart once its homes can be read, though they could not when the first request came", async () => {
  const one = await market();
  await one.ask(5000);
  const offers = (): number => one.said.filter(({ Message }) => Message === "FlexOffer").length;
  one.restart();
  one.world.isBlind = true;
  await one.ask(5000);
  expect(offers()).toBe(1);
  one.world.isBlind = false;
  await one.ask(5000);
  expect(offers()).toBe(2);
});

it.each(["begun here", "known from before a restart"])(
  "answers on where the thread of its homes has ended: a day %s",
  async (when) => {
    const one = await market();
    await one.ask(5000);
    if (when !== "begun here") one.restart();
    await one.ask(4500);
    one.world.hasEnded = true;
    await one.ask(4000);
    expect(one.world.hasEnded).toBe(false);
    expect(one.said.filter(({ Message }) => Message === "FlexOffer")).toHaveLength(3);
    // What was offered still stands.
    expect(one.revoked()).toEqual([]);
  },
);

it("accepts an order that was kept when what follows failed, and does the rest then", async () => {
  const one = await market();
  const offer = await one.ask(5000);
  one.world.isFailing = true;
  await expect(one.order(offer)).rejects.toThrow("the disk is full");
  one.world.isFailing = false;
  expect(await one.order(offer)).toMatchObject({ Result: "Accepted" });
  expect(one.world.ordered).toEqual([offer.MessageID]);
  expect(one.sessions()[0]?.order?.reference).toBe(offer.MessageID);
});

it("says again after a restart what it has taken back, and offers nothing for a day that was withdrawn", async () => {
  const one = await market();
  const offer = await one.ask(5000);
  await one.withdraw();
  one.restart();
  await one.ask(5000);
  expect(one.revoked()).toEqual([offer.MessageID, offer.MessageID]);
  expect(one.said.filter(({ Message }) => Message === "FlexOffer")).toHaveLength(1);
});
