import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { controlState } from "../../../aggregator/dispatch/control.ts";
import { dispatcher } from "../../../aggregator/dispatch/dispatcher.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { iso } from "../../../core/clock/clock.ts";
import { InstructionList } from "../../../core/message/instruction.ts";
import { named } from "../plans.ts";
import { midnightMs, scratchStore } from "../rows.ts";

const listFor = (resource: string): InstructionList => ({
  plan: randomUUID(),
  resource,
  instructions: [
    {
      id: randomUUID(),
      executionTime: iso(midnightMs),
      validUntil: iso(midnightMs + 3_600_000),
      operationModeId: "on",
      reason: "test",
    },
  ],
});

it("sends again what another worker has kept of a home, once the home is this one's again", async () => {
  const { store } = await scratchStore();
  const clock = fakeClock(midnightMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const worker = (sent: string[]) =>
    dispatcher({
      store,
      send: async (_site, _type, _rest, body) => void sent.push(InstructionList.parse(body).plan),
      control: controlState([]),
      contracts: named({}),
      clock,
      later: (work) => work,
      signal: ending.signal,
    });
  const [mine, others]: [string[], string[]] = [[], []];
  const [one, other] = [worker(mine), worker(others)];
  const [first, second] = [listFor("boiler"), listFor("boiler")];
  await one.give("gw-1", [first]);
  // It ends before it has sent what it kept.
  await other.give("gw-1", [second], 60_000);
  await one.resend("gw-1");
  expect(mine).toEqual([first.plan]);
  one.gained("gw-1");
  await one.resend("gw-1");
  expect([mine, others]).toEqual([[first.plan, second.plan], []]);
});
