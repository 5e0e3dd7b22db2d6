import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepTrial, type Health, type Trial, type TrialEvent } from "../../../agent/remote/config-trial.ts";

const [one, two, three] = ["1", "2", "3"].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
const well: Health = { heartbeatAgeMs: 1000, isStoring: true, passAgeMs: 1000 };
const none: Trial = { is: "kept", now: { revision: null, config: {} }, failed: null };
const order = (revision: string, atMs = 0, trialMs = 180_000): TrialEvent => ({
  on: "order",
  revision,
  config: { "storage.commit_every_s": 30 },
  trialMs,
  atMs,
});
const look = (atMs: number, change: Partial<Health> = {}): TrialEvent => ({ on: "look", atMs, health: { ...well, ...change } });
const run = (...events: TrialEvent[]): Trial => events.reduce(stepTrial, none);

describe("an order", () => {
  it("is on trial at once, and stays when the gateway is well at the end", () => {
    expect(run(order(one))).toMatchObject({ is: "trying", now: { revision: one } });
    expect(run(order(one), look(179_999))).toMatchObject({ is: "trying" });
    expect(run(order(one), look(180_000))).toMatchObject({ is: "kept", now: { revision: one }, failed: null });
  });

  it.each<[string, TrialEvent[], string]>([
    ["the agent was started anew", [{ on: "start" }], "config-restarted"],
    ["the aggregator is not heard", [look(100_000), look(180_001, { heartbeatAgeMs: 180_001 })], "config-aggregator-lost"],
    ["it is heard no more at the end", [look(180_000, { heartbeatAgeMs: 120_001 })], "config-aggregator-lost"],
    ["readings are not stored at the end", [look(180_000, { isStoring: false })], "config-unwell"],
    ["control hangs", [look(10_000, { passAgeMs: 60_001 })], "config-unwell"],
  ])("is taken back where %s, and is not tried again", (_, events, code) => {
    const after = run(order(one), ...events);
    expect(after).toMatchObject({ is: "kept", now: { revision: null }, failed: { revision: one, how: "reverted", code } });
    expect(stepTrial(after, order(one, 500_000))).toBe(after);
    expect(stepTrial(after, order(two, 500_000))).toMatchObject({ is: "trying", now: { revision: two } });
  });

  it("needs a heartbeat that came after it was applied", () => {
    expect(run(order(one, 0, 60_000), look(60_000, { heartbeatAgeMs: 60_001 }))).toMatchObject({
      failed: { code: "config-aggregator-lost" },
    });
    expect(run(order(one, 0, 60_000), look(60_000, { heartbeatAgeMs: 59_999 }))).toMatchObject({ now: { revision: one } });
  });

  it("during another's trial goes back to what had proved itself", () => {
    const second = run(order(one), look(180_000), order(two, 200_000), order(three, 210_000));
    expect(second).toMatchObject({ is: "trying", now: { revision: three }, before: { revision: one } });
    expect(stepTrial(second, { on: "start" })).toMatchObject({ is: "kept", now: { revision: one } });
    // The aggregator takes the trial back.
    expect(stepTrial(second, order(one, 220_000))).toMatchObject({ is: "kept", now: { revision: one }, failed: null });
  });
});

it("whatever happens: only what was well through a whole trial is ever kept, and a failed order never again", () => {
  const revision = fc.constantFrom(one, two, three);
  const events = fc.array(
    fc.oneof(
      revision.map((id) => ({ on: "order", id }) as const),
      fc.record({ on: fc.constant("look" as const), afterMs: fc.integer({ min: 1, max: 200_000 }), isWell: fc.boolean() }),
      fc.constant({ on: "start" } as const),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(events, (happened) => {
      let [state, atMs, aloneSinceMs]: [Trial, number, number] = [none, 0, 0];
      for (const event of happened) {
        const before: Trial = state;
        if (event.on === "order") {
          state = stepTrial(state, order(event.id, atMs));
          if (state !== before) aloneSinceMs = atMs;
          if (state.is === "trying" && state !== before) expect(event.id).not.toBe(before.failed?.revision);
        } else if (event.on === "start") state = stepTrial(state, { on: "start" });
        else {
          atMs += event.afterMs;
          state = stepTrial(state, look(atMs, event.isWell ? {} : { heartbeatAgeMs: 200_000 + atMs, isStoring: false }));
          const isKeptNow = before.is === "trying" && state.is === "kept" && state.now.revision === before.now.revision;
          if (isKeptNow) expect([event.isWell, atMs - aloneSinceMs >= 180_000]).toEqual([true, true]);
        }
        if (before.is === "trying" && state.is === "kept" && state.now !== before.now) expect(state.now).toBe(before.before);
      }
    }),
    { numRuns: 500 },
  );
});
