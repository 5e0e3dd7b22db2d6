import { expect, it } from "vitest";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { controlState } from "../../../aggregator/dispatch/control.ts";
import { dispatcher } from "../../../aggregator/dispatch/dispatcher.ts";
import { homePlanner } from "../../../aggregator/optimise/home-planner.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { InstructionList } from "../../../core/message/instruction.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { boiler, named, statusOf } from "../plans.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A planner with real store and real prices: cheapest at midnight, dearer each quarter of an hour. */
async function desk(series = [exampleSeries()]) {
  const { store } = await scratchStore();
  const clock = fakeClock(midnightMs);
  const log = silentLog();
  const sent: { rest: string; list: InstructionList; lifetimeS: number }[] = [];
  let online = true;
  const send: Send = async (_, type, rest, body, { lifetimeS }) => {
    if (!online) throw new AppError("mqtt-offline", "away", { temporary: true });
    expect(type).toBe("instruction");
    sent.push({ rest, list: InstructionList.parse(body), lifetimeS });
  };
  let ids = 0;
  const uuid = (): string => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`;
  const contracts = named({});
  const { signal } = new AbortController();
  const out = dispatcher({
    store,
    send,
    control: controlState([]),
    contracts,
    clock,
    later: (work) => work,
    signal,
  });
  const plan = homePlanner({ store, prices: priceBook(series), give: out.give, contracts, uuid, slotMinutes: 15, clock, log });
  const planner = { plan, resend: out.resend };
  return { store, clock, log, sent, planner, setOnline: (value: boolean) => (online = value) };
}

const onHours = ({ instructions }: InstructionList): number =>
  instructions
    .filter(({ operationModeId }) => operationModeId === "on")
    .reduce((sum, { executionTime, validUntil }) => sum + Date.parse(validUntil) - Date.parse(executionTime), 0) / hourMs;

it("plans the cheapest hours, keeps the plan and sends it until the last instruction ends", async () => {
  const { store, sent, planner, log } = await desk();
  await store.saveResource("a", boiler);
  await planner.plan("a");
  const [{ rest, list, lifetimeS } = expect.fail()] = sent;
  expect(rest).toBe("instr/boiler");
  // 6 kWh by half past six at 2 kW: the three cheapest hours are the first. Tomorrow's window opens at 21:00.
  expect(list.instructions[0]).toMatchObject({
    executionTime: "2026-03-01T23:00:00.000Z",
    validUntil: "2026-03-02T02:00:00.000Z",
    operationModeId: "on",
  });
  expect((await store.unanswered("a")).map(({ plan }) => plan)).toEqual([list.plan]);
  const lastMs = Math.max(...list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
  expect(lifetimeS).toBe((lastMs - midnightMs) / 1000);
  expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

it("plans no further than prices reach", async () => {
  const { store, sent, planner } = await desk();
  await store.saveResource("a", { ...boiler, demand: { kind: "block", maxBlockS: 3600, minFreeS: 3600 } });
  await planner.plan("a");
  const ends = sent.flatMap(({ list }) => list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
  expect(Math.max(...ends)).toBeLessThanOrEqual(midnightMs + dayMs);
});

it("does nothing without prices or without resources", async () => {
  const { store, clock, planner, sent } = await desk();
  await planner.plan("a");
  await store.saveResource("a", boiler);
  await clock.advance(dayMs);
  await planner.plan("a");
  expect([sent, await store.plans("a")]).toEqual([[], []]);
});

it("counts what the home has already given", async () => {
  const { store, sent, planner } = await desk();
  await store.saveResource("a", boiler);
  await store.saveStatus("a", statusOf("boiler", 5000));
  await planner.plan("a");
  const early =
    sent[0]?.list.instructions.filter(({ executionTime }) => Date.parse(executionTime) < midnightMs + 6 * hourMs) ?? [];
  expect(onHours({ ...(sent[0]?.list ?? expect.fail()), instructions: early })).toBe(0.5);
});

it("leaves room for what the house drew at the same time yesterday", async () => {
  const { store, sent, planner } = await desk();
  await store.saveResource("a", { ...boiler, maxImportW: 4000 });
  // 3 kW in the first hour of yesterday: 2 kW more would not fit, an hour later it would.
  const items = [0, 1, 2, 3].map((at) => slotItem(at + 1, at - 96, 750));
  await store.ingest("a", message([...items, ...[4, 5, 6, 7].map((at) => slotItem(at + 1, at - 96, 100))]));
  await planner.plan("a");
  const first = sent[0]?.list.instructions.find(({ operationModeId }) => operationModeId === "on");
  expect(Date.parse(first?.executionTime ?? "")).toBe(midnightMs + 4 * quarterMs);
});

it("says when a demand does not fit before its deadline", async () => {
  const { store, planner, log } = await desk();
  await store.saveResource("a", {
    ...boiler,
    demand: { kind: "energy", energyWh: 60_000, notBefore: "21:00", readyBy: "06:30" },
  });
  await planner.plan("a");
  expect(log.lines[0]).toMatchObject({
    level: "warn",
    message: "demand does not fit before its deadline",
    fields: { site: "a", resource: "boiler" },
  });
});

it("sends a plan again and again until it is answered, and then no more", async () => {
  const { store, clock, sent, planner } = await desk();
  await store.saveResource("a", boiler);
  await planner.plan("a");
  await clock.advance(hourMs);
  await planner.resend("a");
  await planner.resend("a");
  expect(sent.map(({ list }) => list)).toEqual([sent[0]?.list, sent[0]?.list, sent[0]?.list]);
  expect(sent[1]?.lifetimeS).toBe((sent[0]?.lifetimeS ?? 0) - 3600);
  await store.answerPlan("a", sent[0]?.list.plan ?? "", "ACCEPTED", null);
  await planner.resend("a");
  expect(sent).toHaveLength(3);
});

it("keeps the plans of all resources when the broker is away, and sends them all later", async () => {
  const { store, sent, planner, setOnline } = await desk();
  for (const resource of ["boiler", "car", "pump"]) await store.saveResource("a", { ...boiler, resource });
  setOnline(false);
  await expect(planner.plan("a")).rejects.toThrow("away");
  setOnline(true);
  await planner.resend("a");
  expect(sent.map(({ rest }) => rest).toSorted()).toEqual(["instr/boiler", "instr/car", "instr/pump"]);
});
