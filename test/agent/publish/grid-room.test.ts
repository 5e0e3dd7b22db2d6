import { expect, it, onTestFinished } from "vitest";
import { startGridRoom } from "../../../agent/publish/grid-room.ts";
import { defaultGridLimitRules } from "../../../agent/guard/grid-limit.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey, signEnvelope, type EnvelopeType } from "../../../core/envelope.ts";
import { GridLimitStatus } from "../../../core/message/grid-limit.ts";
import { rejections } from "../../../core/rejections.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { testBroker } from "../../fake/test-broker.ts";
import { until } from "../../fake/until.ts";

const dso = "sma/1/dso/gw-1";

async function channel() {
  const broker = await testBroker();
  const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
  const made = await createControlKey("dso-1");
  const key = await importControlKey(made.privateJwk);
  const pinned = await importControlKey(made.publicJwk);
  const refused = rejections(silentLog(), clock.monotonicMs);
  const { client, heard } = await broker.listen(`${dso}/up/#`);
  const seen = new Map<string, { seq: number; hash: string }>();
  let seq = 0;
  const send = async (type: EnvelopeType, rest: string, body: unknown, retain = false): Promise<void> => {
    const message = { type, site: "gw-1", seq: ++seq, nowMs: clock.now(), lifetimeS: 7200, body } as const;
    await client.publishAsync(`${dso}/dn/${rest}`, await signEnvelope(key, message), { qos: 1, retain });
  };
  const start = async () => {
    const already = heard.length;
    const ending = new AbortController();
    let changes = 0;
    const room = startGridRoom({
      link: { id: "dso", gatewayId: "gw-1", clientId: "gw-1-grid", brokerUrl: broker.url, controlKeys: [] },
      keys: new Map([[pinned.kid, pinned.key]]),
      rules: defaultGridLimitRules,
      boot: "6f1c2a4e-58a0-4f0e-9a4b-0f3c5c9be001",
      clock,
      log: silentLog(),
      refused,
      store: {
        lastSeen: (kid, topic) => seen.get(`${kid} ${topic}`),
        see: (kid, topic, number, hash) => void seen.set(`${kid} ${topic}`, { seq: number, hash }),
      },
      random: () => 0,
      onChange: () => changes++,
      signal: ending.signal,
    });
    const stop = async (): Promise<void> => {
      ending.abort();
      await room.stop();
    };
    onTestFinished(stop);
    // It reports once it has subscribed.
    await until(
      "it listens",
      () => heard.filter(({ topic }) => topic === `${dso}/up/limit`).length > 0 && heard.length > already,
    );
    return { room, stop, changes: () => changes };
  };
  return {
    clock,
    refused,
    start,
    beat: () => send("heartbeat", "state", {}),
    limit: (limitW: number, change: { active?: boolean; durationS?: number | null } = {}) =>
      send("limit", "limit", { v: 1, limitW, active: true, durationS: null, ...change }, true),
    send,
    refusals: () =>
      heard
        .filter(({ topic }) => topic === `${dso}/up/limit`)
        .flatMap(({ text }) => GridLimitStatus.parse(JSON.parse(text)).refused?.code ?? []),
    reported: () =>
      heard
        .filter(({ topic }) => topic === `${dso}/up/limit`)
        .map(({ text }) => GridLimitStatus.parse(JSON.parse(text)))
        .map(({ state, limitW }) => `${state} ${limitW}`),
  };
}

it("keeps to the failsafe limit until the grid operator is heard, follows his limits, and reports each change", async () => {
  const { start, beat, limit, reported } = await channel();
  const { room, changes } = await start();
  expect([room.state(), room.limitW()]).toEqual(["failsafe", 4200]);
  await beat();
  await limit(7000);
  await until("the limit is taken", () => room.limitW() === 7000);
  await limit(0, { active: false });
  await until("the limit is lifted", () => room.state() === "unlimited");
  expect(changes()).toBe(2);
  await until("all is reported", () => reported().at(-1) === "unlimited null");
  expect(reported()).toContain("limited 7000");
});

it("falls back when heartbeats stop, and takes the limit up again that is still in force when they return", async () => {
  const { start, beat, limit, clock } = await channel();
  const { room } = await start();
  await beat();
  await limit(7000);
  await until("the limit is taken", () => room.limitW() === 7000);
  await clock.advance(121_000);
  expect([room.state(), room.limitW()]).toEqual(["failsafe", 4200]);
  await beat();
  await until("it is back", () => room.limitW() === 7000);
});

it("does not take up a limit whose time is over, but waits for the next or for the end of the window", async () => {
  const { start, beat, limit, clock } = await channel();
  const { room } = await start();
  await beat();
  await limit(7000, { durationS: 60 });
  await until("the limit is taken", () => room.limitW() === 7000);
  await clock.advance(61_000);
  expect(room.state()).toBe("unlimited");
  await clock.advance(121_000);
  expect(room.state()).toBe("failsafe");
  await beat();
  await clock.advance(60_000);
  expect(room.state()).toBe("failsafe");
  await beat();
  await until("the window is over", async () => {
    await clock.advance(30_000);
    return room.state() === "unlimited";
  });
});

it("takes the retained limit up after a restart, with what is left of its time", async () => {
  const { start, beat, limit, clock } = await channel();
  const first = await start();
  await beat();
  await limit(7000, { durationS: 600 });
  await until("the limit is taken", () => first.room.limitW() === 7000);
  await first.stop();
  await clock.advance(500_000);
  const { room } = await start();
  expect(room.state()).toBe("failsafe");
  await until("the limit is back", async () => {
    await beat();
    return room.limitW() === 7000;
  });
  await clock.advance(101_000);
  expect(room.state()).toBe("unlimited");
});

it.each([
  ["a negative limit", { v: 1, limitW: -1, active: true, durationS: null }],
  ["a limit that is no number", { v: 1, limitW: "4200", active: true, durationS: null }],
  ["no time at all", { v: 1, limitW: 4200, active: true, durationS: 0 }],
])("refuses %s and stays as it is", async (_, body) => {
  const { start, beat, limit, send, refused, refusals } = await channel();
  const { room } = await start();
  await beat();
  await limit(7000);
  await until("the limit is taken", () => room.limitW() === 7000);
  await send("limit", "limit", body);
  await until("it is refused", () => refused.counts()["limit-malformed"] === 1);
  await until("it is said", () => refusals().length === 1);
  expect([room.limitW(), refusals()]).toEqual([7000, ["limit-malformed"]]);
});

it("takes no instruction from the grid operator", async () => {
  const { start, send, refused } = await channel();
  await start();
  await until("it is refused", async () => {
    await send("instruction", "instr/boiler", {});
    return (refused.counts()["topic-unknown"] ?? 0) > 0;
  });
});
