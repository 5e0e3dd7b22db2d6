import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { scratchStore } from "../rows.ts";

const rules = { stages: [10, 100], mostBad: 0, trialS: 180, silentS: 600 };
const rollout = () => ({ revision: randomUUID(), wanted: { "log.level": "debug" } as const, rules, createdMs: 5 });
const sites = [
  { site: "a", stage: 0 },
  { site: "b", stage: 1 },
];

it("has one roll-out under way at a time, over a restart", async () => {
  const { store, reopen } = await scratchStore();
  const first = rollout();
  const id = await store.addRollout(first, sites);
  expect(await store.addRollout(rollout(), sites)).toBeNull();
  expect(await store.changeRollout(id ?? 0, ["running"], { state: "paused" })).toBe(true);
  expect(await store.changeRollout(id ?? 0, ["running"], { state: "done" })).toBe(false);
  expect(await store.addRollout(rollout(), sites)).toBeNull();
  const again = await reopen();
  expect(await again.openRollout()).toEqual({ id, ...first, state: "paused", stage: 0, reason: null, endedMs: null });
  await again.changeRollout(id ?? 0, ["paused"], { state: "aborted", reason: "asked", endedMs: 9 });
  expect(await again.openRollout()).toBeNull();
  const next = await again.addRollout(rollout(), sites);
  expect((await again.rollouts(10)).map((one) => [one.id, one.state])).toEqual([
    [next, "running"],
    [id, "aborted"],
  ]);
});

it("remembers what each gateway was wanted to run by before, and what it said", async () => {
  const { store } = await scratchStore();
  const before = { revision: randomUUID(), wanted: { "storage.commit_every_s": 30 } };
  await store.want("b", before);
  const one = rollout();
  const id = (await store.addRollout(one, sites)) ?? 0;
  for (const site of ["a", "b"]) await store.wantRollout({ id, ...one }, site, 7);
  await store.changeRolloutSite(id, "b", { state: "reverted", code: "config-unwell", message: "why", endedMs: 8 });
  const nothing = { endedMs: null, code: null, message: null };
  expect(await store.rolloutSites(id)).toEqual([
    { site: "a", stage: 0, state: "sent", before: null, sentMs: 7, ...nothing },
    { site: "b", stage: 1, state: "reverted", before, sentMs: 7, endedMs: 8, code: "config-unwell", message: "why" },
  ]);
  const report = { v: 1, revision: null, state: "kept", config: {}, failed: null, at: "2026-03-01T00:00:00Z" } as const;
  await store.saveReport("c", report, 3);
  await store.saveReport("a", { ...report, revision: one.revision }, 4);
  expect(await store.gatewayConfigs()).toEqual([
    { site: "a", revision: one.revision, wanted: one.wanted, report: { ...report, revision: one.revision }, reportedMs: 4 },
    { site: "b", revision: one.revision, wanted: one.wanted, report: null, reportedMs: null },
    { site: "c", revision: null, wanted: {}, report, reportedMs: 3 },
  ]);
  await store.eraseSite("c", 9);
  expect(await store.gatewayConfig("c")).toBeNull();
});
