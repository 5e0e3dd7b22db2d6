import { beforeAll, describe, expect, it } from "vitest";
import { envelopeTypeOf, openInbox } from "../../../agent/publish/inbox.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import {
  createControlKey,
  importControlKey,
  signEnvelope,
  type ControlKey,
  type EnvelopeType,
  type PinnedKeys,
} from "../../../core/envelope.ts";
import { rejections } from "../../../core/rejections.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
let key: ControlKey;
let other: ControlKey;
let pinned: PinnedKeys;
beforeAll(async () => {
  const made = [await createControlKey("k1"), await createControlKey("k2")] as const;
  [key, other] = await Promise.all([importControlKey(made[0].privateJwk), importControlKey(made[1].privateJwk)]);
  const open = await Promise.all(made.map(({ publicJwk }) => importControlKey(publicJwk)));
  pinned = new Map(open.map((one) => [one.kid, one.key]));
});

/** An inbox of gw-1 over a store that outlives it; `again` is the inbox after a restart. */
function inboxOf() {
  const clock = fakeClock(startMs);
  const store = controlStore(openStore());
  const open = () => {
    const refused = rejections(silentLog(), () => 0);
    const taken: string[] = [];
    const handle =
      (kind: string) =>
      async (body: unknown, { rest }: { rest: string }) => {
        if (body === "fails") throw new AppError("handler-failed", "cannot");
        taken.push(`${kind} ${rest} ${String(body)}`);
      };
    const inbox = openInbox({
      keys: pinned,
      site: "gw-1",
      clock,
      store,
      rejections: refused,
      handlers: {
        heartbeat: handle("heartbeat"),
        receipt: handle("receipt"),
        price: handle("price"),
        instruction: handle("instruction"),
        settlement: handle("settlement"),
      },
    });
    const take = (text: string, rest = "price") => inbox.take({ rest, topic: `sma/1/agg/gw-1/dn/${rest}`, text });
    return { take, taken, counts: refused.counts, close: inbox.close };
  };
  const signed = (seq: number, body: unknown = seq, type: EnvelopeType = "price", by = key) =>
    signEnvelope(by, { type, site: "gw-1", seq, nowMs: clock.now(), lifetimeS: 600, body });
  return { clock, open, signed, store };
}

it.each<[string, EnvelopeType | undefined]>([
  ["state", "heartbeat"],
  ["receipt", "receipt"],
  ["price", "price"],
  ["instr/boiler", "instruction"],
  ["settle/supply", "settlement"],
  ["instr", undefined],
  ["instr/a/b", undefined],
  ["price/x", undefined],
  ["config", "config"],
  ["config/x", undefined],
])("expects on %s: %s", (rest, type) => expect(envelopeTypeOf(rest)).toBe(type));

it("hands on each kind to its own handler, in order of arrival", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts } = open();
  const arrivals: [string, string][] = [
    [await signed(1, "p"), "price"],
    [await signed(1, "b", "heartbeat"), "state"],
    [await signed(1, "i", "instruction"), "instr/boiler"],
    [await signed(1, "s", "settlement"), "settle/supply"],
    [await signed(1, "r", "receipt"), "receipt"],
  ];
  await Promise.all(arrivals.map(([text, rest]) => take(text, rest)));
  expect(taken).toEqual([
    "price price p",
    "heartbeat state b",
    "instruction instr/boiler i",
    "settlement settle/supply s",
    "receipt receipt r",
  ]);
  expect(counts()).toEqual({});
});

describe("replay", () => {
  it("refuses a lower number, and the same number with another content", async () => {
    const { open, signed } = inboxOf();
    const { take, taken, counts } = open();
    const [three, otherFive, five] = [await signed(3), await signed(5, "forged"), await signed(5)];
    for (const text of [five, three, otherFive, await signed(6)]) await take(text);
    expect(taken).toEqual(["price price 5", "price price 6"]);
    expect(counts()).toEqual({ "envelope-old-seq": 2 });
  });

  it("ignores the newest message when it comes again, as a retained one does", async () => {
    const { open, signed } = inboxOf();
    const { take, taken, counts } = open();
    const five = await signed(5);
    const beat = await signed(9, "b", "heartbeat");
    for (let time = 0; time < 3; time++) {
      await take(five);
      await take(beat, "state");
    }
    expect([taken.length, counts()]).toEqual([2, {}]);
  });

  it("applies it once more after a restart, for a crash may have come before its effect, but nothing older", async () => {
    const { open, signed, store } = inboxOf();
    const [four, five] = [await signed(4), await signed(5)];
    const before = open();
    for (const text of [four, five]) await before.take(text);
    const after = open();
    for (const text of [five, four, five]) await after.take(text);
    expect(after.taken).toEqual(["price price 5"]);
    expect(after.counts()).toEqual({ "envelope-old-seq": 1 });
    expect(store.lastSeen("k1", "sma/1/agg/gw-1/dn/price")?.seq).toBe(5);
  });

  it("but not when it has expired meanwhile", async () => {
    const { open, signed, clock } = inboxOf();
    const five = await signed(5);
    await open().take(five);
    await clock.advance(600_000);
    const after = open();
    await after.take(five);
    expect([after.taken, after.counts()]).toEqual([[], { "envelope-expired": 1 }]);
  });

  it("counts numbers by key and by topic", async () => {
    const { open, signed } = inboxOf();
    const { take, taken, counts } = open();
    await take(await signed(7, "a", "instruction"), "instr/boiler");
    await take(await signed(1, "b", "instruction"), "instr/car");
    await take(await signed(1, "c", "instruction", other), "instr/boiler");
    await take(await signed(7, "d", "instruction"), "instr/boiler");
    expect(taken.map((line) => line.at(-1))).toEqual(["a", "b", "c"]);
    expect(counts()).toEqual({ "envelope-old-seq": 1 });
  });

  it("has committed the number before it acts: what failed is not tried as another message of that number", async () => {
    const { open, signed } = inboxOf();
    const { take, taken, counts } = open();
    await take(await signed(5, "fails"));
    await take(await signed(5, "again"));
    expect([taken, counts()]).toEqual([[], { "handler-failed": 1, "envelope-old-seq": 1 }]);
  });
});

it("counts what it refuses by code, and none of it uses up a number", async () => {
  const { open, signed, clock } = inboxOf();
  const { take, taken, counts } = open();
  const instruction = await signed(50, "x", "instruction");
  await take("hello");
  await take(instruction);
  await take(await signEnvelope(key, { type: "price", site: "gw-2", seq: 50, nowMs: clock.now(), lifetimeS: 60, body: "x" }));
  await take(await signed(50), "config");
  const stranger = await importControlKey((await createControlKey("k9")).privateJwk);
  await take(await signed(50, "x", "price", stranger));
  await take(await signed(50, "x", "price", { kid: "k1", key: stranger.key }));
  expect(counts()).toEqual({
    "envelope-malformed": 1,
    "envelope-wrong-type": 1,
    "envelope-wrong-site": 1,
    "topic-unknown": 1,
    "envelope-unknown-key": 1,
    "envelope-bad-signature": 1,
  });
  await take(await signed(1));
  expect(taken).toEqual(["price price 1"]);
});

it("counts what floods it instead of keeping it, and takes messages again once the flood is over", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts } = open();
  await Promise.all(Array.from({ length: 700 }, () => take("garbage")));
  expect(counts()).toEqual({ "envelope-malformed": 500, "inbox-full": 200 });
  await take(await signed(1, "p"));
  expect(taken).toEqual(["price price p"]);
});

it("bounds what waits in characters too, so that a flood of large messages does not fill the memory", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts } = open();
  await Promise.all(Array.from({ length: 100 }, () => take("x".repeat(200_000))));
  expect(counts()).toEqual({ "envelope-malformed": 10, "inbox-full": 90 });
  await take(await signed(1, "p"));
  expect(taken).toEqual(["price price p"]);
});

it("keeps the numbers of receipts in memory alone, and refuses an old one all the same", async () => {
  const { open, signed, store } = inboxOf();
  const { take, taken, counts } = open();
  const old = await signed(4, "old", "receipt");
  await take(await signed(5, "new", "receipt"), "receipt");
  await take(old, "receipt");
  expect([taken, counts()]).toEqual([["receipt receipt new"], { "envelope-old-seq": 1 }]);
  expect(store.lastSeen("k1", "sma/1/agg/gw-1/dn/receipt")).toBeUndefined();
});

it("counts the numbers of receipts by run: workers answer runs side by side", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts } = open();
  const of = (run: number) => ({ boot: `0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a0${run}`, seq: 1 });
  for (const [seq, run] of [
    [5, 1],
    [5, 2],
    [4, 3],
    [4, 2],
    [6, 1],
  ] as const)
    await take(await signed(seq, of(run), "receipt"), "receipt");
  expect([taken.length, counts()]).toEqual([4, { "envelope-old-seq": 1 }]);
});

it("remembers so many places only: of the longest ago a receipt is heard once more, which changes nothing", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts } = open();
  const boots = Array.from({ length: 1001 }, (_, run) => `0b7d4c1e-4d7e-4c0a-9a58-${String(run).padStart(12, "0")}`);
  const texts = await Promise.all(boots.map((boot) => signed(1, { boot, seq: 1 }, "receipt")));
  for (const text of [...texts, texts[1000] ?? "", texts[0] ?? ""]) await take(text, "receipt");
  expect([taken.length, counts()]).toEqual([1002, {}]);
});

it("is done with what it took when it is closed, and takes nothing after", async () => {
  const { open, signed } = inboxOf();
  const { take, taken, counts, close } = open();
  const [first, second] = [await signed(1, "first"), await signed(2, "second")];
  void take(first);
  const closed = close();
  void take(second);
  await closed;
  expect(taken).toEqual(["price price first"]);
  await take(second);
  expect([taken, counts()]).toEqual([["price price first"], {}]);
});
