import { expect, it, onTestFinished } from "vitest";
import { overriding } from "../../../agent/overriding.ts";
import type { Override } from "../../../agent/plan/override.ts";
import { startHomeRoom } from "../../../agent/publish/home-room.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { mqttBus } from "../../../drivers/bus/mqtt-bus.ts";
import { homeBroker } from "../../fake/home-broker.ts";
import { peer } from "../../fake/peer.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";

const mosquitto = peer("mosquitto");
const startMs = Date.parse("2026-01-15T05:30:00Z");

async function home() {
  const broker = await homeBroker(mosquitto ?? "");
  const clock = fakeClock(startMs);
  const client = await broker.client();
  const heard = new Map<string, { text: string; retain: boolean }>();
  client.on("message", (topic, payload, { retain }) => heard.set(topic, { text: payload.toString(), retain }));
  await client.subscribeAsync("house/#");
  await client.publishAsync("house/override/boiler/set", JSON.stringify({ mode: "pause", minutes: 60 }), { retain: true });
  const said = new Map<string, Override>();
  const store = {
    all: () => [...said.values()],
    set: (override: Override) => void said.set(override.resource, override),
    clear: (resource: string) => void said.delete(resource),
  };
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let triggers = 0;
  const bus = mqttBus({ access: { url: broker.url }, clock, reconnectMs: 20 });
  onTestFinished(() => bus.close());
  const loop = { trigger: () => void triggers++ };
  const log = silentLog();
  startHomeRoom({
    bus,
    prefix: "house",
    resources: ["boiler"],
    api: overriding({ store, resources: ["boiler"], loop, clock, log }),
    overrides: store.all,
    clock,
    log,
    signal: ending.signal,
  });
  await until("it says what holds", async () => {
    await clock.advance(5000);
    return heard.get("house/override/boiler")?.text === "{}";
  });
  return {
    broker,
    said,
    heard,
    triggers: () => triggers,
    clock,
    say: (message: unknown) =>
      client.publishAsync("house/override/boiler/set", typeof message === "string" ? message : JSON.stringify(message)),
  };
}

it.skipIf(!mosquitto)(
  "takes a resident's word, says what holds, and takes it back; an old retained one is no command (mosquitto)",
  async () => {
    const { said, heard, say, triggers, clock } = await home();
    expect([said.size, triggers()]).toEqual([0, 0]);
    const nowMs = clock.now();
    await say({ mode: "boost", minutes: 30 });
    await until("it holds", () => said.get("boiler")?.untilMs === nowMs + 1_800_000);
    const untilText = new Date(nowMs + 1_800_000).toISOString();
    await until(
      "it is said",
      () => heard.get("house/override/boiler")?.text === JSON.stringify({ mode: "boost", until: untilText }),
    );
    await say({ mode: "holiday", until: "2026-01-20T12:00:00Z" });
    await until("it is another", () => said.get("boiler")?.mode === "holiday");
    await say({ mode: "clear" });
    await until("it is taken back", () => said.size === 0 && heard.get("house/override/boiler")?.text === "{}");
    expect(triggers()).toBe(3);
  },
);

it.skipIf(!mosquitto)("says when a word ends by itself (mosquitto)", async () => {
  const { heard, say, clock } = await home();
  await say({ mode: "boost", minutes: 1 });
  await until("it is said", () => heard.get("house/override/boiler")?.text.includes("boost") === true);
  await clock.advance(65_000);
  await until("its end is said", () => heard.get("house/override/boiler")?.text === "{}");
});

it.skipIf(!mosquitto)("says it again to a broker that comes back and has lost what it kept (mosquitto)", async () => {
  const { broker, heard, clock } = await home();
  await broker.stop();
  heard.clear();
  await broker.start();
  const late = await broker.client();
  const kept: string[] = [];
  late.on("message", (_topic, payload) => kept.push(payload.toString()));
  await late.subscribeAsync("house/override/boiler");
  await until("it is said again", async () => {
    await clock.advance(5000);
    return kept.includes("{}");
  });
});

it.skipIf(!mosquitto).each([
  ["no JSON", "boost", "override-malformed"],
  ["a word that nobody knows", { mode: "faster", minutes: 5 }, "override-malformed"],
  ["a word without an end", { mode: "pause" }, "override-malformed"],
  ["what only a hand can say", { mode: "hold", minutes: 5 }, "override-malformed"],
  ["an end that is over", { mode: "pause", until: "2020-01-01T00:00:00Z" }, "override-bad-end"],
  ["a boost without end", { mode: "boost", minutes: 1e6 }, "override-bad-end"],
])("refuses %s and says why (mosquitto)", async (_, message, code) => {
  const { said, heard, say } = await home();
  await say(message);
  await until("it is refused", () => heard.has("house/override/boiler/error"));
  expect(JSON.parse(heard.get("house/override/boiler/error")?.text ?? "")).toMatchObject({ code });
  expect(said.size).toBe(0);
});
