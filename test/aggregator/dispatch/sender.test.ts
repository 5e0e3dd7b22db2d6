import { expect, it, onTestFinished } from "vitest";
import { sender } from "../../../aggregator/dispatch/sender.ts";
import { type Share, wholeShare } from "../../../aggregator/share/share.ts";
import { AppError, errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey, verifyEnvelope, type EnvelopeType } from "../../../core/envelope.ts";
import { midnightMs, scratchStore } from "../rows.ts";

/** Numbers begin with the time: a thousand for each ms. */
const firstSeq = midnightMs * 1000;

async function desk() {
  const { store, reopen } = await scratchStore();
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const clock = fakeClock(midnightMs);
  const sent: { topic: string; text: string; retain: boolean }[] = [];
  let online = true;
  const link = () => ({
    connected: () => online,
    async publish(topic: string, text: string, retain: boolean) {
      if (!online) throw new AppError("mqtt-offline", "away", { temporary: true });
      sent.push({ topic, text, retain });
      // A broker that is slower for long messages than for short ones.
      for (let turn = 0; turn < text.length % 7; turn++) await Promise.resolve();
    },
    stop: async () => undefined,
  });
  const key = await importControlKey(privateJwk);
  const keys = new Map([[publicJwk.kid ?? "", (await importControlKey(publicJwk)).key]]);
  const make = (from: Parameters<typeof sender>[0]["store"], share: Share = wholeShare) =>
    sender({ aggregator: "community", key, store: from, link, share, clock });
  const open = (at: number, type: EnvelopeType, site: string) =>
    verifyEnvelope(sent[at]?.text ?? "", { keys, type, site, nowMs: clock.now() });
  return { store, reopen, clock, make, sent, open, setOnline: (value: boolean) => (online = value) };
}

it("signs for one site, with topic, kind, lifetime and whether the broker keeps it", async () => {
  const { make, store, sent, open } = await desk();
  await make(store)("home-1", "price", "price", { any: "body" }, { lifetimeS: 90, retain: true });
  expect(sent).toMatchObject([{ topic: "sma/1/community/home-1/dn/price", retain: true }]);
  expect(await open(0, "price", "home-1")).toEqual({
    kid: "control-1",
    type: "price",
    seq: firstSeq,
    issuedMs: midnightMs,
    expiresMs: midnightMs + 90_000,
    body: { any: "body" },
  });
});

it("hands messages over in the order of their numbers, however many are sent at once", async () => {
  const { make, store, sent, open } = await desk();
  const send = make(store);
  const count = 1100;
  await Promise.all(
    Array.from({ length: count }, (_, at) =>
      send(`home-${at % 3}`, "heartbeat", "state", { text: "x".repeat(at % 11) }, { lifetimeS: 180 }),
    ),
  );
  const seqs: number[] = [];
  for (let at = 0; at < count; at++) seqs.push((await open(at, "heartbeat", sent[at]?.topic.split("/")[3] ?? "")).seq);
  expect(seqs).toEqual(Array.from({ length: count }, (_, at) => firstSeq + at));
});

it("fails while the broker is away and goes on afterwards with a higher number", async () => {
  const { make, store, open, setOnline } = await desk();
  const send = make(store);
  setOnline(false);
  const failures = await Promise.allSettled([1, 2].map(() => send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 })));
  expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  setOnline(true);
  await send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  expect((await open(0, "heartbeat", "home-1")).seq).toBe(firstSeq + 2);
});

it("goes on above every number of the run before", async () => {
  const { make, store, reopen, open } = await desk();
  await make(store)("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  await make(await reopen())("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  expect((await open(1, "heartbeat", "home-1")).seq).toBeGreaterThan((await open(0, "heartbeat", "home-1")).seq);
});

it("goes on above every number of before though its database was lost, or restored from a backup", async () => {
  const { make, store, open, clock, sent } = await desk();
  const send = make(store);
  await Promise.all(Array.from({ length: 2500 }, () => send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 })));
  const before = sent.length - 1;
  await clock.advance(10_000);
  const { store: empty } = await scratchStore();
  await make(empty)("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  const [old, next] = [await open(before, "heartbeat", "home-1"), await open(before + 1, "heartbeat", "home-1")];
  expect(next.seq).toBeGreaterThan(old.seq);
});

it("tries again to reserve numbers after the store failed once", async () => {
  const { make, store, open } = await desk();
  let failed = false;
  const send = make({
    async reserveSequence(count, least) {
      if (failed) return store.reserveSequence(count, least);
      failed = true;
      throw new Error("disk full");
    },
  });
  await expect(send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 })).rejects.toThrow("disk full");
  await send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  expect((await open(0, "heartbeat", "home-1")).seq).toBe(firstSeq);
});

it("reserves new numbers when homes came from another worker, so that its own are above what that one said", async () => {
  const { make, store, open } = await desk();
  let generation = 0;
  const share = { ...wholeShare, generation: () => generation };
  const [one, other] = [make(store, share), make(store)];
  await one("home-1", "heartbeat", "state", {}, { lifetimeS: 180 });
  await other("home-2", "heartbeat", "state", {}, { lifetimeS: 180 });
  generation++;
  await one("home-2", "heartbeat", "state", {}, { lifetimeS: 180 });
  const [before, now] = [await open(1, "heartbeat", "home-2"), await open(2, "heartbeat", "home-2")];
  expect(now.seq).toBeGreaterThan(before.seq);
});

it("does not say what only the holder of a home says once another worker may hold it; a receipt always", async () => {
  const { make, store, sent } = await desk();
  const send = make(store, { ...wholeShare, holds: (site) => site === "own" });
  const lost = await Promise.all(
    (["heartbeat", "instruction", "price", "limit", "keys"] as const).map((type) =>
      send("other", type, "state", {}, { lifetimeS: 180 }).catch(errorCode),
    ),
  );
  expect([new Set(lost), sent]).toEqual([new Set(["lease-lost"]), []]);
  await send("other", "receipt", "receipt", {}, { lifetimeS: 180, number: 7 });
  await send("own", "heartbeat", "state", {}, { lifetimeS: 180 });
  expect(sent.map(({ topic }) => topic)).toEqual(["sma/1/community/other/dn/receipt", "sma/1/community/own/dn/state"]);
});

it("a message whose number the database does not give fails by itself, also while others are before it", async () => {
  const { make } = await desk();
  const unheard: unknown[] = [];
  const hear = (error: unknown): void => void unheard.push(error);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  const send = make({ reserveSequence: () => Promise.reject(new Error("database away")) });
  const numbered = Array.from({ length: 50 }, (_, at) => send("home-1", "receipt", "receipt", {}, { lifetimeS: 90, number: at }));
  const failed = await send("home-1", "heartbeat", "state", {}, { lifetimeS: 180 }).catch(String);
  await Promise.all(numbered);
  expect(failed).toBe("Error: database away");
  expect(unheard).toEqual([]);
});
