import { expect, it } from "vitest";
import { createControlKey, type EnvelopeType, importControlKey, signEnvelope } from "../../../core/envelope.ts";
import { Measurements, type MeasurementItem } from "../../../core/message/measurements.ts";
import { Resource, ResourceStatus, SiteState } from "../../../core/message/resource.ts";
import { type LightHome, lightHome } from "../../../simulator/fleet/light-home.ts";
import { midnightMs } from "../../aggregator/rows.ts";

async function room() {
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const [own, believed] = [await importControlKey(privateJwk), await importControlKey(publicJwk)];
  const sent: { rest: string; body: unknown }[] = [];
  const refused: string[] = [];
  const told: string[] = [];
  let nowMs = midnightMs;
  const home: LightHome = lightHome({
    site: "home-1",
    seed: 7,
    keys: new Map([[believed.kid, believed.key]]),
    send: async (rest, body) => void sent.push({ rest, body }),
    events: {
      onReceipt: (rows) => told.push(`${rows} rows`),
      onInstruction: (_, { resource }) => told.push(resource),
      onHeartbeat: () => told.push("heartbeat"),
      onRefused: (code) => refused.push(code),
    },
    now: () => nowMs,
  });
  const say = async (type: EnvelopeType, rest: string, body: unknown, seq: number, site = "home-1") =>
    home.hear(rest, await signEnvelope(own, { type, site, seq, nowMs, lifetimeS: 60, body }));
  const rows = (): MeasurementItem[] =>
    sent.flatMap(({ rest, body }) => (rest === "meter" ? Measurements.parse(body).items : []));
  return { home, sent, refused, told, rows, say, pass: (ms: number) => (nowMs += ms), now: () => nowMs };
}

it("says what an agent says: its state, what may be controlled, readings and slots whose sums are the counter's", async () => {
  const { home, sent, rows, say, pass } = await room();
  await home.connected();
  for (let minute = 0; minute <= 60; minute++) {
    await home.live();
    await say("receipt", "receipt", { boot: home.boot, seq: home.added() }, minute);
    pass(60_000);
  }
  await home.tellStatus();
  expect(SiteState.parse(sent[0]?.body).state).toBe("ready");
  expect(sent.filter(({ rest }) => rest.startsWith("resource/")).map(({ body }) => Resource.parse(body).resource)).toEqual([
    "boiler",
    "ev",
  ]);
  expect(sent.filter(({ rest }) => rest.startsWith("status/")).map(({ body }) => ResourceStatus.parse(body).resource)).toEqual([
    "boiler",
    "ev",
  ]);
  const all = rows();
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, at) => at + 1));
  const samples = all.flatMap((row) => (row.kind === "sample" ? [row] : []));
  const slots = all.flatMap((row) => (row.kind === "slot" && row.register === "import" ? [row] : []));
  expect([samples.length, slots.length]).toEqual([61, 4]);
  const counted = (samples.at(-1)?.importWh ?? 0) - (samples[0]?.importWh ?? 0);
  expect(slots.reduce((sum, { wh }) => sum + wh, 0)).toBe(counted);
});

it("heats its water when it is told, and answers", async () => {
  const { home, sent, told, say, pass, now } = await room();
  await home.connected();
  await home.live();
  const at = (minutes: number): string => new Date(now() + minutes * 60_000).toISOString();
  const plan = "00000000-0000-4000-8000-000000000001";
  const on = { id: plan, executionTime: at(0), validUntil: at(30), operationModeId: "on", reason: "cheap" };
  const status = (): string[] =>
    sent.flatMap(({ rest, body }) => (rest === "status/boiler" ? [ResourceStatus.parse(body).operationModeId] : []));
  await home.tellStatus();
  await say("instruction", "instr/boiler", { plan, resource: "boiler", instructions: [on] }, 1);
  pass(60_000);
  await home.live();
  await home.tellStatus();
  pass(30 * 60_000);
  await home.live();
  await home.tellStatus();
  expect([status(), told]).toEqual([["off", "on", "off"], ["boiler"]]);
  expect(sent.filter(({ rest }) => rest.startsWith("ack/"))).toMatchObject([
    { rest: `ack/${plan}`, body: { status: "ACCEPTED" } },
  ]);
});

it("believes only what its aggregator signed for it, each number once", async () => {
  const { home, refused, told, say } = await room();
  await home.live();
  await say("heartbeat", "state", {}, 5);
  await say("heartbeat", "state", {}, 4);
  await say("heartbeat", "state", {}, 6, "home-2");
  await say("receipt", "state", { boot: home.boot, seq: 1 }, 7);
  await home.hear("receipt", "a.b.c");
  await home.hear("firmware", "x");
  expect(refused).toEqual([
    "envelope-old-seq",
    "envelope-wrong-site",
    "envelope-wrong-type",
    "envelope-malformed",
    "topic-unknown",
  ]);
  expect([told, home.waiting()]).toEqual([["heartbeat"], 1]);
  await say("receipt", "receipt", { boot: home.boot, seq: 1 }, 8);
  expect([told, home.waiting()]).toEqual([["heartbeat", "1 rows"], 0]);
});
