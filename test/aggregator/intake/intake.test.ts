import { expect, it } from "vitest";
import { intake } from "../../../aggregator/intake/intake.ts";
import type { Consent } from "../../../core/consent.ts";
import { signConsent } from "../../../core/consent.ts";
import { createControlKey } from "../../../core/envelope.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { rejections } from "../../../core/rejections.ts";
import { deafIntake } from "../../fake/deaf-intake.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { boiler, planOf, statusOf } from "../plans.ts";
import { message, midnightMs, sampleItem, scratchStore, slotItem } from "../rows.ts";
import { intakeRoom } from "./intake-room.ts";

it("keeps the first 64 appliances of a home and refuses what it says of more, also after a restart", async () => {
  const first = await intakeRoom();
  const names = Array.from({ length: 70 }, (_, at) => `heater-${at}`);
  for (const [at, resource] of names.entries())
    if (at % 2 === 0) await first.take("a", `resource/${resource}`, { ...boiler, resource });
    else await first.take("a", `status/${resource}`, statusOf(resource, 0));
  expect(first.rejected.counts()).toEqual({ "intake-too-many-resources": 6 });
  const again = await intakeRoom({ store: first.store });
  await again.take("a", "resource/one-more", { ...boiler, resource: "one-more" });
  await again.take("a", "ack/x", { v: 1, plan: boot, resource: "another", at: "2026-03-01T23:00:01Z", status: "ACCEPTED" });
  await again.take("a", "resource/heater-0", { ...boiler, resource: "heater-0", minOnS: 1 });
  await again.take("b", "resource/heater-99", { ...boiler, resource: "heater-99" });
  expect(again.rejected.counts()).toEqual({ "intake-too-many-resources": 2 });
  expect(again.events).toEqual(["a has a resource", "b has a resource"]);
  expect((await first.store.resources("a")).find(({ resource }) => resource === "heater-0")?.minOnS).toBe(1);
});

const boot = "0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01";

it("receipts rows after they are stored, and says when slots came", async () => {
  const { take, events } = await intakeRoom();
  await take("a", "meter", message([sampleItem(1), slotItem(2, 0, 10)]));
  await take("a", "meter", message([sampleItem(4)]));
  expect(events).toEqual([
    "stored 2",
    `a receipt receipt {"boot":"${boot}","seq":2}`,
    "a has slots",
    "stored 1",
    `a receipt receipt {"boot":"${boot}","seq":2}`,
  ]);
});

it("tells of rows that came again with another content, and of none that are the same", async () => {
  const { take, rejected, store } = await intakeRoom();
  await take("a", "meter", message([sampleItem(1), slotItem(2, 0, 10), slotItem(3, 1, 20)]));
  await take("a", "meter", message([sampleItem(1), slotItem(2, 0, 10), slotItem(3, 1, 20), slotItem(3, 1, 20)]));
  expect(rejected.counts()).toEqual({});
  await take("a", "meter", message([slotItem(2, 0, 11), slotItem(3, 1, 20), slotItem(4, 2, 30)]));
  await take("b", "meter", message([slotItem(2, 0, 12)]));
  expect(rejected.counts()).toEqual({ "intake-row-changed": 1 });
  expect(await store.slots("a", "import", midnightMs, midnightMs + 9e6)).toMatchObject([{ wh: 10 }, { wh: 20 }, { wh: 30 }]);
});

it("tells of rows that its database has lost, and of rows too far ahead to be kept", async () => {
  const { take, rejected, events } = await intakeRoom();
  await take("a", "meter", { ...message([sampleItem(9), sampleItem(20_000)]), receipted: 8 });
  expect(rejected.counts()).toEqual({ "intake-rows-lost": 1, "intake-rows-ahead": 1 });
  expect(events).toEqual(["stored 1", `a receipt receipt {"boot":"${boot}","seq":9}`]);
});

it("gives no receipt for what could not be stored, and counts it", async () => {
  const { take, events, rejected } = await intakeRoom({ failingStore: true });
  await take("a", "meter", message([sampleItem(1)]));
  expect(events).toEqual([]);
  expect(rejected.counts()).toEqual({ "intake-not-stored": 1 });
});

it("keeps rows whose receipt cannot be sent: the home sends them again", async () => {
  const { take, store, rejected } = await intakeRoom({ offline: true });
  await take("a", "meter", message([sampleItem(1)]));
  expect(await store.itemCounts()).toEqual([{ site: "a", rows: 1 }]);
  expect(rejected.counts()).toEqual({});
});

it.each([
  ["user", true],
  ["hand", true],
  ["comfort", true],
  ["safety", false],
  ["comms", false],
] as const)("takes an override by %s for one of the event that runs: %s", async (cause, overridden) => {
  const { take, store } = await intakeRoom();
  const agreement = `0x${"7e".repeat(32)}`;
  const of = { site: "a", resource: "boiler", agreement, meter: "grid", baseline: "ten_of_ten", powerW: null } as const;
  const status = statusOf("boiler", 12);
  const atMs = Date.parse(status.at);
  const plans = [1, 2].map((number) => planOf("boiler", number).plan);
  for (const [index, plan] of plans.entries())
    await store.addEvent({
      ...of,
      plan,
      startMs: atMs + index * 900_000,
      endMs: atMs + (index + 1) * 900_000,
      overridden: false,
      excused: false,
    });
  await take("a", "status/boiler", status);
  const marks = async (what: "overridden" | "excused") => (await store.events("a", 0, 1e15)).map((event) => event[what]);
  expect(await marks("overridden")).toEqual([false, false]);
  await take("a", "status/boiler", { ...status, override: { cause, until: null } });
  expect(await marks("overridden")).toEqual([overridden, false]);
  // What no resident wanted is no loss of theirs.
  expect(await marks("excused")).toEqual([!overridden, false]);
});

it("takes a plan that the home refuses for no control at all", async () => {
  const { take, store } = await intakeRoom();
  const [refused, followed] = [planOf("boiler", 1), planOf("boiler", 2)];
  await store.savePlans("a", [refused, followed], 1);
  const of = { site: "a", resource: "boiler", agreement: `0x${"7e".repeat(32)}`, meter: "grid", baseline: "ten_of_ten" } as const;
  for (const [at, { plan }] of [refused, followed].entries()) {
    const span = { startMs: at * 900_000, endMs: (at + 1) * 900_000 };
    await store.addEvent({ ...of, plan, ...span, powerW: null, overridden: false, excused: false });
  }
  const at = "2026-03-01T23:00:00Z";
  await take("a", `ack/${followed.plan}`, { v: 1, plan: followed.plan, resource: "boiler", status: "ACCEPTED", at });
  await take("a", `ack/${refused.plan}`, { v: 1, plan: refused.plan, resource: "boiler", status: "REJECTED", code: "x", at });
  expect((await store.events("a", 0, 1e15)).map(({ overridden }) => overridden)).toEqual([true, false]);
  expect([await store.planAnswer("a", refused.plan), await store.planAnswer("a", "unknown")]).toEqual(["REJECTED", undefined]);
});

it("stores resources, statuses and answers, and hands on states and settlement messages", async () => {
  const { take, store, events, log } = await intakeRoom();
  const plan = planOf("boiler", 1);
  await store.savePlans("a", [plan], 1);
  await take("a", "state", { v: 1, state: "ready", boot });
  await take("a", "resource/boiler", boiler);
  await take("a", "status/boiler", statusOf("boiler", 12));
  const answer = { v: 1, plan: plan.plan, resource: "boiler", at: "2026-03-01T23:00:01Z" };
  await take("a", `ack/${plan.plan}`, { ...answer, status: "REJECTED", code: "plan-expired" });
  await take("a", "settle/supply", {
    v: 1,
    kind: "signed",
    seq: 1,
    digest: `0x${"1".repeat(64)}`,
    signature: `0x${"2".repeat(130)}`,
  });
  expect(events).toEqual(["a is ready", "a has a resource", "a tells of boiler", "a says REJECTED", "a signed"]);
  expect([await store.resources("a"), await store.statuses("a")]).toEqual([[boiler], [statusOf("boiler", 12)]]);
  expect(await store.plans("a")).toEqual([{ list: plan, status: "REJECTED", code: "plan-expired" }]);
  expect(log.lines).toMatchObject([{ level: "warn", message: "home rejected a plan" }]);
});

it.each<[string, string, string, unknown]>([
  ["intake-unknown-site", "stranger", "meter", message([sampleItem(1)])],
  ["intake-not-json", "a", "meter", "{"],
  ["intake-not-json", "a", "state", ""],
  ["intake-malformed", "a", "meter", { v: 1, boot, items: [] }],
  ["intake-malformed", "a", "meter", { ...message([sampleItem(1)]), boot: "one" }],
  ["intake-malformed", "a", "meter", message([{ ...slotItem(1, 0, 1), wh: 1.5 }])],
  ["intake-malformed", "a", "meter", message([sampleItem(0)])],
  ["intake-malformed", "a", "meter", message(Array.from({ length: 501 }, (_, at) => sampleItem(at + 1)))],
  ["intake-malformed", "a", "state", { v: 1, state: "asleep", boot }],
  ["intake-malformed", "a", "resource/boiler", { ...boiler, controlType: "FRBC" }],
  ["intake-malformed", "a", "resource/boiler", { ...boiler, timezone: "Mars/Phobos" }],
  ["intake-malformed", "a", "resource/boiler", { ...boiler, timezone: "__proto__" }],
  [
    "intake-malformed",
    "a",
    "ack/x",
    { v: 1, plan: boot, resource: "x", at: "2026-03-01T23:00:01Z", status: "REJECTED", message: "\0" },
  ],
  ["intake-malformed", "a", "settle/supply", { v: 1, kind: "signed", seq: 1, digest: "0x1", signature: "0x2" }],
  ["intake-unknown-topic", "a", "meter/extra", message([sampleItem(1)])],
  ["intake-unknown-topic", "a", "firmware", {}],
])("counts %s (site %s, topic %s), logs it once and stores nothing", async (code, site, rest, body) => {
  const { take, store, events, rejected, log } = await intakeRoom();
  await take(site, rest, body);
  await take(site, rest, body);
  expect(rejected.counts()).toEqual({ [code]: 2 });
  expect(log.lines).toMatchObject([{ level: "warn", fields: { code } }]);
  expect([events, await store.itemCounts(), await store.resources("a")]).toEqual([[], [], []]);
});

it("does not fill the log with an appliance that rejects everything", async () => {
  const { take, log } = await intakeRoom();
  for (const name of ["boiler", "car"])
    for (let turn = 0; turn < 50; turn++)
      await take("a", "ack/x", { v: 1, plan: boot, resource: name, at: "2026-03-01T23:00:01Z", status: "REJECTED" });
  expect(log.lines.map(({ fields }) => fields["resource"])).toEqual(["boiler", "car"]);
});

it("says what a home refuses of its messages", async () => {
  const { take, rejected, log } = await intakeRoom();
  const refusal = { v: 1, topic: "settle/supply", kid: "control-1", seq: 7, code: "settlement-malformed", message: "kind" };
  await take("a", "refused", refusal);
  expect(rejected.counts()).toEqual({ "intake-refused-by-home": 1 });
  expect(log.lines).toMatchObject([{ fields: { source: "a settle/supply" }, message: "settlement-malformed: kind" }]);
});

it("takes fields that it does not know", async () => {
  const { take, store, rejected } = await intakeRoom();
  await take("a", "meter", { ...message([sampleItem(1)]), colour: "red" });
  expect([await store.itemCounts(), rejected.counts()]).toEqual([[{ site: "a", rows: 1 }], {}]);
});

it("keeps a home's messages in order while another home's go their own way", async () => {
  const { take, events } = await intakeRoom();
  await Promise.all(
    [1, 2, 3].flatMap((seq) => [
      take("a", "meter", message([sampleItem(seq)])),
      take("a", "state", { v: 1, state: "ready", boot }),
      take("b", "state", { v: 1, state: "ready", boot }),
    ]),
  );
  expect(events.filter((event) => event.startsWith("a receipt")).map((event) => /"seq":(\d)/.exec(event)?.[1])).toEqual([
    "1",
    "2",
    "3",
  ]);
});

it("keeps what a household allows and takes back, once each, and nothing that another key signed", async () => {
  const { take, store, rejected } = await intakeRoom();
  const [own, thief] = [await createControlKey("consent"), await createControlKey("consent")];
  const said = (given: boolean, change: Partial<Consent> = {}): Consent => ({
    v: 1,
    site: "a",
    aggregator: "agg",
    scope: "readings",
    given,
    at: given ? "2026-04-02T10:00:00.000Z" : "2026-04-03T10:00:00.000Z",
    until: null,
    by: "resident",
    ...change,
  });
  const texts = [await signConsent(own.privateJwk, said(true)), await signConsent(own.privateJwk, said(false))];
  await take("a", "consent", { v: 1, consents: texts.slice(0, 1) });
  await take("a", "consent", { v: 1, consents: texts });
  await take("a", "consent", { v: 1, consents: [await signConsent(thief.privateJwk, said(true, { scope: "appliances" }))] });
  await take("b", "consent", { v: 1, consents: texts });
  await take("a", "consent", { v: 1, consents: ["x.y.z"] });
  expect((await store.consents("a")).map(({ consent, text }) => [consent.given, text])).toEqual([
    [true, texts[0]],
    [false, texts[1]],
  ]);
  expect(await store.consents("b")).toEqual([]);
  expect(rejected.counts()).toEqual({ "consent-foreign": 2, "consent-malformed": 1 });
});

it("stores rows that wait one behind the other with one commit and one receipt, and refuses only what is wrong among them", async () => {
  const { take, store, events, rejected } = await intakeRoom();
  const messages = [message([sampleItem(1)]), message([sampleItem(2)]), { v: 1 }, message([sampleItem(3)])];
  await Promise.all(messages.map((body) => take("a", "meter", body)));
  const receipts = events.filter((event) => event.startsWith("a receipt"));
  expect(receipts.map((event) => /"seq":(\d)/.exec(event)?.[1])).toEqual(["3"]);
  expect([await store.itemCounts(), rejected.counts()]).toEqual([[{ site: "a", rows: 3 }], { "intake-malformed": 1 }]);
});

it("drains rows that wait behind other messages of their home, too", async () => {
  const { take, close, events } = await intakeRoom();
  void take("a", "state", { v: 1, state: "ready", boot });
  for (const seq of [1, 2, 3]) void take("a", "meter", message([sampleItem(seq)]));
  await close();
  expect(events.filter((event) => event.startsWith("stored"))).toEqual(["stored 1", "stored 1", "stored 1"]);
});

it("drains what it took before it is closed, and takes nothing after that", async () => {
  const { take, close, isOpen, events } = await intakeRoom();
  const taken = [1, 2, 3].map((seq) => take("a", "meter", message([sampleItem(seq)])));
  const closed = close();
  expect(isOpen()).toBe(false);
  await take("a", "meter", message([sampleItem(4)]));
  await closed;
  expect(events).toEqual(["stored 3", `a receipt receipt {"boot":"${boot}","seq":3}`]);
  await Promise.all(taken);
});

it("gives receipts of a run numbers that rise, whichever worker sends them and whatever its clock says", async () => {
  const { store } = await scratchStore();
  const numbers: number[] = [];
  const worker = (clock: ReturnType<typeof fakeClock>) =>
    intake({
      aggregator: "agg",
      sites: new Set(["a"]),
      store,
      send: async (_site, _type, _rest, _body, { number }) => void numbers.push(number ?? 0),
      clock,
      log: silentLog(),
      rejections: rejections(silentLog(), () => 0),
      ...deafIntake,
    });
  const [ahead, behind] = [worker(fakeClock(midnightMs + 5000)), worker(fakeClock(midnightMs))];
  for (const [at, inbound] of [behind, ahead, behind, behind, ahead].entries()) {
    const text = JSON.stringify(message([sampleItem(at + 1)]));
    await inbound.take({ site: "a", rest: "meter", topic: "sma/1/agg/a/up/meter", text });
  }
  expect(numbers).toEqual([0, 5_000_000, 5_000_001, 5_000_002, 5_000_003].map((after) => midnightMs * 1000 + after));
});
