import { expect, it } from "vitest";
import type { Health } from "../../../agent/remote/config-trial.ts";
import { openRemoteSettings, type Settings } from "../../../agent/remote/remote-config.ts";
import { remoteConfigStore } from "../../../agent/store/remote-config-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const [one, two] = ["1", "2"].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string];
const own: Settings = { "log.level": "info", "storage.commit_every_s": 10 };
const order = (revision: string, config: Record<string, unknown>) => ({ v: 1, revision, config, trialS: 120 });

/** A gateway's settings over a real database, which can be started anew. */
function gateway(db = openStore(), allowed = true) {
  const clock = fakeClock(0);
  const ending = new AbortController();
  const health: Health = { heartbeatAgeMs: 1000, isStoring: true, passAgeMs: 0 };
  const applied: Settings[] = [];
  let told = 0;
  const settings = openRemoteSettings({
    store: remoteConfigStore(db),
    own,
    allowed,
    health: () => health,
    apply: (values) => applied.push(values),
    onChange: () => void told++,
    version: "1.2.3",
    clock,
    log: silentLog(),
    signal: ending.signal,
  });
  return {
    db,
    clock,
    health,
    settings,
    applied,
    told: () => told,
    restart: (may = true) => {
      ending.abort();
      return gateway(db, may);
    },
  };
}

it("applies an order at once, keeps it after its trial, and runs by it after a restart", async () => {
  const first = gateway();
  expect(first.applied).toEqual([own]);
  first.settings.take(order(one, { "storage.commit_every_s": 30 }));
  expect(first.applied.at(-1)).toEqual({ ...own, "storage.commit_every_s": 30 });
  expect(first.settings.report()).toMatchObject({ revision: one, state: "trying", version: "1.2.3" });
  await first.clock.advance(120_000);
  expect(first.settings.report()).toMatchObject({ revision: one, state: "kept", failed: null });
  const second = first.restart();
  expect(second.applied).toEqual([{ ...own, "storage.commit_every_s": 30 }]);
  // Keys that an order does not name are as the file has them.
  second.settings.take(order(two, { "log.level": "debug" }));
  expect(second.settings.values()).toEqual({ ...own, "log.level": "debug" });
});

it("goes back when the agent is started anew within the trial, and does not try that order again", () => {
  const first = gateway();
  first.settings.take(order(one, { "log.level": "debug" }));
  const second = first.restart();
  expect(second.applied.at(-1)).toEqual(own);
  const failed = { revision: one, how: "reverted", code: "config-restarted" };
  expect(second.settings.report()).toMatchObject({ revision: null, state: "kept", failed });
  // The broker gives out the retained order once more.
  second.settings.take(order(one, { "log.level": "debug" }));
  expect(second.settings.report()).toMatchObject({ revision: null, failed });
  expect(second.restart().settings.report()).toMatchObject({ revision: null, failed });
});

it.each(["{", "", "null", "[]", '{"is":"kept"}', '{"is":"trying","now":{"revision":"no uuid","config":{}}}'])(
  "goes by its own file where what it kept is %s, and takes the next order",
  (kept) => {
    const first = gateway();
    first.settings.take(order(one, { "log.level": "debug" }));
    first.db.prepare("update remote_config set body = ?").run(kept);
    const second = first.restart();
    expect(second.applied).toEqual([own]);
    expect(second.settings.report()).toMatchObject({ revision: null, state: "kept", failed: null });
    second.settings.take(order(two, { "log.level": "debug" }));
    expect(second.settings.report()).toMatchObject({ revision: two, state: "trying" });
  },
);

it("goes back when it loses its aggregator", async () => {
  const { settings, clock, health, applied, told } = gateway();
  settings.take(order(one, { "log.level": "debug" }));
  const before = told();
  health.heartbeatAgeMs = 121_000;
  await clock.advance(120_000);
  expect(applied.at(-1)).toEqual(own);
  expect(settings.report()).toMatchObject({ failed: { code: "config-aggregator-lost" } });
  expect(told()).toBe(before + 1);
});

it.each<[string, Record<string, unknown>]>([
  ["a key of the broker", { "aggregator.broker_url": "mqtts://evil.example" }],
  ["the fuse", { "site.grid.fuse_a": 63 }],
  ["the random delay", { "site.grid.random_delay_s": 0 }],
  ["consent", { "consent.share_interval_s": 10 }],
  ["a good key with a bad one", { "log.level": "debug", "site.grid.max_import_w": 99_999 }],
  ["a value beyond its bounds", { "storage.commit_every_s": 61 }],
  ["a value of another type", { "log.level": 5 }],
  ["a key of the prototype", JSON.parse('{"__proto__": "x"}') as Record<string, unknown>],
])("refuses %s and changes nothing", (_, config) => {
  const { settings, applied } = gateway();
  settings.take(order(one, config));
  const { revision, failed } = settings.report();
  // zod drops __proto__, so that order has nothing in it.
  if (Object.hasOwn(config, "__proto__")) return expect(applied.at(-1)).toEqual(own);
  expect([revision, failed?.how, failed?.code]).toEqual([null, "refused", "config-not-allowed"]);
  expect(applied).toEqual([own]);
});

it("refuses everything where the gateway's own file says so, and lets go of what it had", async () => {
  const first = gateway();
  first.settings.take(order(one, { "log.level": "debug" }));
  await first.clock.advance(120_000);
  const second = first.restart(false);
  expect(second.applied).toEqual([own]);
  second.settings.take(order(two, { "log.level": "debug" }));
  expect(second.settings.report()).toMatchObject({
    revision: null,
    failed: { revision: two, how: "refused", code: "config-remote-off" },
  });
});

it("does not take what is no order", () => {
  const { settings } = gateway();
  for (const body of [null, {}, { ...order(one, {}), trialS: 1 }, { ...order("x", {}) }])
    expect(() => settings.take(body)).toThrow(expect.objectContaining({ code: "config-malformed" }));
});
