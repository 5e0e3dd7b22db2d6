import { expect, it } from "vitest";
import { readTrades } from "../../../aggregator/optimise/read-trades.ts";
import type { Consent } from "../../../core/consent.ts";
import { signConsent } from "../../../core/consent.ts";
import { createControlKey } from "../../../core/envelope.ts";
import { midnightMs } from "../rows.ts";
import { room } from "./intake-room.ts";

it("keeps sums of trades, knows them only while the household allows it, and forgets them when it takes that back", async () => {
  const { store, events, rejected, take } = await room();
  const { privateJwk } = await createControlKey("consent");
  const said = async (given: boolean, minute: number, until: string | null = null): Promise<void> => {
    const at = new Date(midnightMs + minute * 60_000).toISOString();
    const consent: Consent = { v: 1, site: "a", aggregator: "agg", scope: "trades", given, at, until, by: "resident" };
    await take("a", "consent", { v: 1, consents: [await signConsent(privateJwk, consent)] });
  };
  const slotOf = (quarter: number, wh: object = {}) => ({
    start: new Date(midnightMs + quarter * 900_000).toISOString(),
    end: new Date(midnightMs + (quarter + 1) * 900_000).toISOString(),
    boughtWh: 0,
    soldWh: 800,
    undrawnPerKwh: null,
    unfedPerKwh: "420000",
    ...wh,
  });
  const told = { v: 1, at: new Date(midnightMs).toISOString(), slots: [slotOf(2), slotOf(3)] };
  const known = (minute = 0) => readTrades(store, "a", midnightMs + minute * 60_000);
  await take("a", "traded", told);
  expect(await known()).toEqual([]);
  await said(true, 0, new Date(midnightMs + 50 * 60_000).toISOString());
  expect(await known()).toEqual(told.slots);
  // A slot that is over is nothing to plan with, and a consent may end by itself.
  expect(await known(46)).toEqual([slotOf(3)]);
  expect(await known(51)).toEqual([]);
  await take("a", "traded", told);
  expect(events.filter((event) => event === "a has traded")).toHaveLength(1);
  for (const bad of [
    [slotOf(3), slotOf(2)],
    [slotOf(2), slotOf(2)],
    [slotOf(2, { end: slotOf(9).end })],
    [slotOf(2, { soldWh: 10_000_000 })],
    [slotOf(2, { boughtWh: -1 })],
    [slotOf(2, { boughtWh: 0.5 })],
    [slotOf(2, { unfedPerKwh: 0.42 })],
  ])
    await take("a", "traded", { ...told, slots: bad });
  expect(rejected.counts()).toEqual({ "intake-malformed": 7 });
  expect(await store.traded("a")).toEqual(told.slots);
  expect(await store.traded("b")).toEqual([]);
  await said(false, 1);
  expect(await store.traded("a")).toEqual([]);
});
