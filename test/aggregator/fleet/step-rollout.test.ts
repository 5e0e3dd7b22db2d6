import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stagesOf, stepRollout } from "../../../aggregator/fleet/step-rollout.ts";
import type { GatewayConfig, RolloutSite, RolloutSiteState } from "../../../aggregator/store/fleet-store.ts";

const revision = "00000000-0000-4000-8000-000000000001";
const rules = { stages: [20, 100], mostBad: 25, trialS: 100, silentS: 50 };
const rollout = { revision, rules, state: "running", stage: 0 } as const;
const one = (
  site: string,
  stage: number,
  state: RolloutSiteState,
  sentMs: number | null = state === "waiting" ? null : 0,
): RolloutSite => ({
  site,
  stage,
  state,
  before: null,
  sentMs,
  endedMs: null,
  code: null,
  message: null,
});
type Report = NonNullable<GatewayConfig["report"]>;
const says = (change: Partial<Report>): { report: Report } => ({
  report: { v: 1, revision: null, state: "kept", config: {}, failed: null, at: "2026-03-01T00:00:00Z", ...change },
});
const kept = says({ revision });
const failed = { revision, how: "reverted", code: "config-unwell", message: "why" } as const;

describe("a stage", () => {
  it("is sent to its own gateways, and to no others", () => {
    const sites = [one("a", 0, "waiting"), one("b", 0, "waiting"), one("c", 1, "waiting")];
    expect(stepRollout(rollout, sites, new Map(), 0)).toEqual({ ended: [], send: ["a", "b"], change: null });
    expect(stepRollout({ ...rollout, state: "paused" }, sites, new Map(), 0)).toEqual({ ended: [], send: [], change: null });
  });

  it("waits for each trial, then goes on, and is over after the last", () => {
    const sites = [one("a", 0, "sent"), one("b", 0, "sent"), one("c", 1, "waiting")];
    const half = new Map([
      ["a", kept],
      ["b", says({ revision, state: "trying" })],
    ]);
    const ended = [{ site: "a", state: "kept", code: null, message: null }];
    expect(stepRollout(rollout, sites, half, 149_999)).toEqual({ ended, send: [], change: null });
    const all = new Map(["a", "b", "c"].map((site) => [site, kept]));
    expect(stepRollout(rollout, sites, all, 149_999).change).toEqual({ stage: 1 });
    const last = [one("a", 0, "kept"), one("b", 0, "kept"), one("c", 1, "sent")];
    expect(stepRollout({ ...rollout, stage: 1 }, last, all, 149_999).change).toEqual({ state: "done" });
  });

  it("stops where more than its share go back, refuse or are silent, paused or not", () => {
    const sites = ["a", "b", "c", "d"].map((site) => one(site, 0, "sent"));
    const bad = (count: number) =>
      new Map([
        ...sites.slice(0, count).map(({ site }) => [site, says({ failed })] as const),
        ...sites.slice(count).map(({ site }) => [site, kept] as const),
      ]);
    expect(stepRollout(rollout, sites, bad(1), 0)).toMatchObject({
      ended: [{ site: "a", state: "reverted", code: "config-unwell", message: "why" }, {}, {}, {}],
      change: { state: "done" },
    });
    const stopped = { change: { state: "aborted", reason: "stage 1: of 4 gateways 2 reverted; at most 25 % may" }, send: [] };
    expect(stepRollout(rollout, sites, bad(2), 0)).toMatchObject(stopped);
    expect(stepRollout({ ...rollout, state: "paused" }, sites, bad(2), 0)).toMatchObject(stopped);
    const silent = stepRollout(rollout, sites, new Map([["a", says({})]]), 150_000);
    expect(silent.ended.map(({ state }) => state)).toEqual(["silent", "silent", "silent", "silent"]);
    expect(silent.change).toMatchObject({ state: "aborted" });
  });

  it("does not take an old failure for one of this roll-out", () => {
    const old = says({ failed: { ...failed, revision: "00000000-0000-4000-8000-000000000009" } });
    expect(stepRollout(rollout, [one("a", 0, "sent")], new Map([["a", old]]), 0).ended).toEqual([]);
  });
});

it("stages take everybody of the last share once, each stage at least one more, by chance and always the same", () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 60 });
  const shares = fc
    .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 })
    .map((all) => all.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(names, shares, fc.func(fc.nat(1000)), (sites, percents, rank) => {
      const stages = stagesOf(sites, percents, rank);
      expect(stagesOf(sites.toReversed(), percents, rank)).toEqual(stages);
      expect(new Set(stages.map(({ site }) => site)).size).toBe(stages.length);
      if (percents.at(-1) === 100) expect(stages.length).toBe(sites.length);
      for (const index of percents.keys()) {
        const count = stages.filter(({ stage }) => stage <= index).length;
        const least = Math.min(sites.length, index + 1);
        expect(count).toBeGreaterThanOrEqual(least);
        // One more for each stage since one whose share had room enough.
        const most = percents.slice(0, index + 1).map((before, at) => Math.floor((sites.length * before) / 100) + index - at);
        expect(count).toBeLessThanOrEqual(Math.min(sites.length, Math.max(index + 1, ...most)));
      }
    }),
  );
});

it("whatever gateways do, a stage is never sent before the one before it has ended well enough", () => {
  const ends = fc.constantFrom<RolloutSiteState>("kept", "kept", "kept", "reverted", "silent");
  fc.assert(
    fc.property(fc.array(ends, { minLength: 1, maxLength: 12 }), fc.integer({ min: 0, max: 100 }), (fates, mostBad) => {
      const names = fates.map((_, index) => `gw-${index}`);
      const strict = { ...rules, mostBad, stages: [20, 50, 100] };
      let sites = stagesOf(names, strict.stages, (site) => Number(site.slice(3))).map(({ site, stage }) =>
        one(site, stage, "waiting"),
      );
      let now: { stage: number; state: "running" | "done" | "aborted" } = { stage: 0, state: "running" };
      const gateways = new Map<string, { report: Report }>();
      for (let atMs = 0; now.state === "running" && atMs < 10_000_000; atMs += 10_000) {
        const step = stepRollout({ revision, rules: strict, state: "running", stage: now.stage }, sites, gateways, atMs);
        for (const site of step.send) {
          const { stage = 0 } = sites.find((candidate) => candidate.site === site) ?? {};
          const before = sites.filter((candidate) => candidate.stage < stage);
          expect(before.every(({ state }) => state !== "waiting" && state !== "sent")).toBe(true);
          const fate = fates[Number(site.slice(3))];
          if (fate === "kept") gateways.set(site, kept);
          if (fate === "reverted") gateways.set(site, says({ failed }));
        }
        sites = sites.map((candidate) => {
          const end = step.ended.find(({ site }) => site === candidate.site);
          if (end) return { ...candidate, state: end.state };
          return step.send.includes(candidate.site) ? { ...candidate, state: "sent", sentMs: atMs } : candidate;
        });
        if (step.change)
          now = "stage" in step.change ? { ...now, stage: step.change.stage } : { ...now, state: step.change.state };
      }
      expect(now.state).not.toBe("running");
      for (let stage = 0; stage <= now.stage; stage++) {
        const own = sites.filter((candidate) => candidate.stage === stage);
        const fallen = own.filter(({ state }) => state === "reverted" || state === "silent").length;
        const isTooMany = (100 * fallen) / own.length > mostBad;
        expect(isTooMany).toBe(now.state === "aborted" && stage === now.stage);
      }
      if (now.state === "aborted")
        expect(sites.filter(({ stage }) => stage > now.stage).every(({ state }) => state === "waiting")).toBe(true);
    }),
  );
});
