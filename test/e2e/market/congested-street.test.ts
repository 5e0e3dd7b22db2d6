import { expect, it } from "vitest";
import { z } from "zod";
import { iso } from "../../../core/clock/clock.ts";
import { RecordWire } from "../../../core/message/settlement-message.ts";
import { Bundle } from "../../../settlement/verify/bundle.ts";
import { overallVerdict } from "../../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { peer } from "../../fake/peer.ts";
import { until } from "../../fake/until.ts";
import { aggregators, congestedStreet, dayMs, homesEach, leastPerKwh, minuteMs, operator } from "./congested-street.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const limitW = 60_000;

const Orders = z.object({
  items: z.array(
    z.object({ reference: z.string(), state: z.string(), price: z.string(), net: z.string().nullable(), askedWh: z.int() }),
  ),
});
const Records = z.object({ items: z.array(RecordWire.extend({ site: z.string(), state: z.string() })) });
const Income = z.object({ items: z.array(z.object({ source: z.string(), micro: z.string() })) });
const hourMs = 60 * minuteMs;
const span = `from=2026-11-30T00:00:00Z&to=${iso(dayMs.endMs)}`;

it.skipIf(!mosquitto || !openssl)(
  "two aggregators keep a feeder under its limit by orders that are delivered, agreed on, paid on chain and shared with the homes (mosquitto, openssl)",
  { timeout: 240_000 },
  async () => {
    const street = await congestedStreet({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" }, limitW);
    const phase = (): string | undefined => street.session()?.phase.is;
    // Prognoses of both at half past nine in the evening, rounds at ten.
    await street.goTo(dayMs.startMs - 2 * hourMs - minuteMs, minuteMs);
    await until("both prognoses are there", () => street.session()?.seats.every(({ prognosis }) => prognosis !== null) ?? false);
    await street.goTo(dayMs.startMs - 2 * hourMs + 5000, minuteMs);
    await until("orders are out", () => phase() === "reprognosis", 60_000);
    const session = street.session() ?? expect.fail("no session");
    expect(session.congestion[0]).toMatchObject({ element: "feeder-7" });
    expect(session.shortfall).toEqual([]);
    expect(session.roundsEnded).not.toBeNull();
    const ordered = session.seats.flatMap(({ order }, seat) => (order ? [seat] : []));
    expect(ordered.length).toBeGreaterThan(0);
    const ordersOf = async (name: (typeof aggregators)[number]) =>
      Orders.parse(await street.get(name, `/v1/market/orders?${span}`)).items;
    for (const [seat, name] of aggregators.entries())
      await until(`${name} has its order`, async () => (await ordersOf(name)).length === (ordered.includes(seat) ? 1 : 0));
    // A restart of everybody keeps them.
    await street.restartMarket();
    for (const name of aggregators) await street.restart(name);
    await street.goTo(dayMs.startMs - hourMs / 2, 5 * minuteMs);

    // The day: cars do what they are told, and the feeder's meter is the judge.
    await street.goTo(dayMs.endMs, 60 * minuteMs);
    const feederW = street.feederW();
    expect(Math.max(...feederW)).toBeLessThanOrEqual(limitW);
    expect(Math.max(...feederW)).toBeGreaterThan(limitW / 2);
    // Every car got what it wanted.
    for (const home of street.all()) expect([...home.gridWh.values()].reduce((sum, wh) => sum + wh, 0)).toBeGreaterThan(7400);

    street.meter();
    await street.mine();
    await street.goTo(dayMs.endMs + 10 * minuteMs, minuteMs);
    await until("all have agreed", async () => {
      await street.goTo(street.clock.now() + minuteMs, minuteMs);
      const all = (await Promise.all(aggregators.map(ordersOf))).flat();
      return all.every(({ state }) => state === "agreed");
    });
    for (const name of aggregators)
      for (const { price, net, askedWh } of await ordersOf(name)) {
        expect(BigInt(price)).toBeGreaterThanOrEqual((BigInt(askedWh) * BigInt(leastPerKwh)) / 1000n);
        expect(BigInt(net ?? "-1")).toBeGreaterThan(0n);
        expect(BigInt(net ?? "0")).toBeLessThanOrEqual(BigInt(price));
      }

    // Everything that is owed is signed by both, in an epoch, paid on chain, and anybody recomputes it.
    const recordsOf = async (name: (typeof aggregators)[number]) =>
      Records.parse(await street.get(name, "/v1/settlements?limit=500")).items;
    const isComplete = async (name: (typeof aggregators)[number], seat: number): Promise<boolean> => {
      const records = await recordsOf(name);
      const kinds = (kind: string) => records.filter((one) => one.kind === kind && one.state === "cosigned").length;
      return kinds("import") === homesEach && kinds("reward") > 0 && kinds("flexibility") === (ordered.includes(seat) ? 1 : 0);
    };
    const bundleOf = async (name: (typeof aggregators)[number], site: string, seq: number) =>
      Bundle.parse(await street.get(name, `/v1/settlements/${site}/${seq}/bundle`));
    try {
      await until(
        "all records are signed by both",
        async () => {
          await street.goTo(street.clock.now() + 5 * minuteMs, minuteMs);
          return (await Promise.all(aggregators.map(isComplete))).every(Boolean);
        },
        60_000,
      );
    } catch (error) {
      const problems = street.all().flatMap((home) => home.problems);
      const said = street.log.lines.filter(({ level }) => level === "warn" || level === "error").slice(-15);
      throw new Error(
        JSON.stringify(
          {
            kinds: (await Promise.all(aggregators.map(recordsOf)))
              .flat()
              .map((one) => `${one.site} ${one.kind} ${one.state} ${one.amount}`),
            problems: problems.slice(0, 5),
            said,
          },
          null,
          1,
        ).slice(0, 6000),
        { cause: error },
      );
    }
    let unpaid: string[] = [];
    await until(
      "all of it is paid",
      async () => {
        await street.mine();
        await street.goTo(street.clock.now() + 15 * minuteMs, 5 * minuteMs);
        unpaid = [];
        for (const name of aggregators)
          for (const { site, seq } of await recordsOf(name)) {
            const findings = await verifyBundle(await bundleOf(name, site, seq), street.chain);
            const open = findings.filter(({ verdict }) => verdict !== "good");
            if (overallVerdict(findings) !== "good" || open.length > 0) unpaid.push(`${site} ${seq} ${JSON.stringify(open)}`);
          }
        return unpaid.length === 0;
      },
      90_000,
    ).catch((error: unknown) => expect.fail(`${String(error)}: ${unpaid.slice(0, 3).join("; ")}`));

    // The grid operator's money went through to those who made room, to the last unit and never more than there was.
    for (const [seat, name] of aggregators.entries()) {
      const records = await recordsOf(name);
      const paid = records.find(({ kind }) => kind === "flexibility");
      const [order] = await ordersOf(name);
      expect(paid?.amount).toBe(ordered.includes(seat) ? order?.net : undefined);
      const rewards = records.filter(({ kind }) => kind === "reward").reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      const { items } = Income.parse(await street.get(name, `/v1/flexibility/income?${span}`));
      const orders = items.filter(({ source }) => source === "flexibility orders");
      expect(orders.reduce((sum, { micro }) => sum + BigInt(micro), 0n)).toBe(BigInt(order?.net ?? "0"));
      expect(rewards).toBeLessThanOrEqual(items.reduce((sum, { micro }) => sum + BigInt(micro), 0n));
      if (ordered.includes(seat)) expect(rewards).toBeGreaterThan(0n);
      const pair = (await bundleOf(name, operator, paid?.seq ?? 1)).agreement.agreement;
      const state = await street.chain.pairOf(pair.a, pair.b);
      const [own, theirs] = pair.aggregator === pair.a ? [state.balanceA, state.balanceB] : [state.balanceB, state.balanceA];
      expect(own - theirs).toBe(2n * BigInt(order?.net ?? "0"));
    }
    expect(street.all().flatMap((home) => home.problems)).toEqual([]);
  },
);
