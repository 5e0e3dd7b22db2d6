import { join } from "node:path";
import { expect, it } from "vitest";
import { askedAgent } from "../../cli/ask-agent.ts";
import { peer } from "../fake/peer.ts";
import { until } from "../fake/until.ts";
import { batteryHome, reserve } from "./battery-home.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const site = "gw-battery";
const minuteMs = 60_000;
const feederW = 2500;

/** W without the battery in a minute of the day: mornings and evenings draw, the roof gives from ten to three. */
function houseW(minute: number): number {
  const hour = minute / 60;
  const drawnW = (hour >= 6 && hour < 9) || (hour >= 17 && hour < 21) ? 2000 : 400;
  return drawnW - (hour >= 10 && hour < 15 ? 3000 : 0);
}
/** Cheap from one to five at night, dear in the morning and in the evening. */
function priceOf(quarter: number): number {
  const hour = quarter / 4;
  return hour >= 1 && hour < 5 ? 0.1 : (hour >= 6 && hour < 9) || (hour >= 17 && hour < 21) ? 0.6 : 0.3;
}

it.skipIf(!mosquitto || !openssl)(
  "charges a home's battery when it is cheap or sunny and gives in the evening, within its reserve and the feeder, and a pause at home wins (mosquitto, openssl)",
  { timeout: 180_000 },
  async () => {
    const home = await batteryHome(
      { mosquitto: mosquitto ?? "", openssl: openssl ?? "" },
      { site, fillPercent: 40, feederW, houseW, priceOf },
    );
    const { folder, store, clock, inverter, seen, minutes } = home;
    await until("the battery has a plan that it accepted", async () => {
      await minutes(1);
      return (await store.plans(site)).some(({ list, status }) => list.resource === "battery" && status === "ACCEPTED");
    });
    await minutes(240 - seen.length);
    const [night] = [seen.slice(60, 240)];
    // Cheap: it charges from the grid, held at a power by both words of the inverter, within the feeder.
    expect(Math.max(...night.map(({ batteryW }) => batteryW))).toBeGreaterThan(500);
    expect(night.some(({ mode, batteryW, reason }) => mode === 3 && batteryW > 500 && reason.startsWith("charges"))).toBe(true);
    expect(Math.max(...night.map(({ gridW }) => gridW))).toBeLessThanOrEqual(feederW + 60);
    await minutes(1440 - seen.length);
    const [sunny, evening] = [seen.slice(10 * 60, 15 * 60), seen.slice(17 * 60 + 5, 21 * 60)];
    expect((sunny.at(-1)?.percent ?? 0) - (sunny[0]?.percent ?? 0)).toBeGreaterThan(20);
    // Dear: the house draws next to nothing from the grid, and never more than the feeder has.
    const evenly = evening.reduce((sum, { gridW }) => sum + Math.max(0, gridW), 0) / evening.length;
    expect(evenly).toBeLessThan(1000);
    expect(Math.min(...evening.map(({ batteryW }) => batteryW))).toBeLessThan(-1500);
    expect(Math.min(...seen.map(({ percent }) => percent))).toBeGreaterThanOrEqual(reserve - 0.5);
    expect(Math.max(...seen.map(({ gridW }) => gridW))).toBeLessThanOrEqual(feederW + 60);
    expect(Math.min(...seen.map(({ gridW }) => gridW))).toBeGreaterThanOrEqual(-3600);

    // The second night: a resident's pause stands above the instruction, and the aggregator hears whose word it is.
    await until("it charges again", async () => {
      await minutes(1);
      return (seen.at(-1)?.batteryW ?? 0) > 500;
    });
    const untilMs = clock.now() + 30 * minuteMs;
    const body = { resource: "battery", mode: "pause", untilMs };
    await askedAgent(join(folder, "state", "agent.sock"), { method: "PUT", path: "/v1/override", body });
    await minutes(3);
    expect([inverter.words().mode, seen.at(-1)?.reason]).toEqual([0, expect.stringContaining("pause until")]);
    expect(seen.at(-1)?.batteryW).toBeLessThanOrEqual(0);
    await until("the aggregator knows", async () => {
      await minutes(1);
      return (await store.statuses(site)).some(({ override }) => override?.cause === "user" && override.mode === "pause");
    });
  },
);
