import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JWK } from "jose";
import { expect, it } from "vitest";
import { openInbox } from "../../../agent/publish/inbox.ts";
import { openKeyRing } from "../../../agent/publish/key-ring.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey, signEnvelope } from "../../../core/envelope.ts";
import { KeyChange } from "../../../core/message/key-change.ts";
import { parseAs } from "../../../core/parse-as.ts";
import { rejections } from "../../../core/rejections.ts";
import { openStore } from "../../fake/open-store.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";

const startMs = Date.parse("2026-11-22T00:00:00Z");
const at = (hours: number): string => new Date(startMs + hours * 3_600_000).toISOString();
const keyOf = (kid: string) => createControlKey(kid);
type Pair = Awaited<ReturnType<typeof keyOf>>;

async function ringOf(configured: readonly JWK[]) {
  const file = join(scratch("ring"), "control-keys.json");
  const clock = fakeClock(startMs);
  const log = silentLog();
  const open = () => openKeyRing({ configured, file, clock, log });
  const ring = await open();
  const apply = (change: Partial<KeyChange>, by = "one") =>
    ring.apply({ v: 1, add: [], drop: [], ...change }, by).then(() => "done", errorCode);
  const known = (kids: readonly string[]) => kids.filter((kid) => ring.get(kid) !== undefined);
  return { file, clock, log, open, ring, apply, known };
}
/** The public JWK as a schema has read it. */
const publicOf = ({ publicJwk }: Pair) => parseAs(KeyChange, { v: 1, add: [publicJwk], drop: [] }, "x").add;

it("believes the old key until its instant and the new one from now on, over restarts too", async () => {
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  const { clock, open, apply, known, file } = await ringOf([one.publicJwk]);
  expect(await apply({ add: publicOf(two), drop: [{ kid: "one", at: at(2) }] })).toBe("done");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).not.toContain('"d"');
  expect(known(["one", "two"])).toEqual(["one", "two"]);
  await clock.advance(2 * 3_600_000 - 1);
  expect(known(["one", "two"])).toEqual(["one", "two"]);
  await clock.advance(1);
  expect(known(["one", "two"])).toEqual(["two"]);
  const again = await open();
  expect([again.get("one"), again.get("two") !== undefined]).toEqual([undefined, true]);
});

it("lets one key drop another at once, brings an end forward and never puts it off", async () => {
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  const { apply, known, clock } = await ringOf([one.publicJwk, two.publicJwk]);
  await apply({ drop: [{ kid: "one", at: at(5) }] }, "two");
  await apply({ drop: [{ kid: "one", at: at(9) }] }, "two");
  await clock.advance(5 * 3_600_000);
  expect(known(["one", "two"])).toEqual(["two"]);
  expect(await apply({ drop: [{ kid: "one", at: at(99) }] }, "two")).toBe("done");
  expect(known(["one", "two"])).toEqual(["two"]);
});

it("refuses what would leave no key, another key under a name that is taken, and a dropped key that comes back", async () => {
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  const { apply, known, file } = await ringOf([one.publicJwk]);
  expect(await apply({ drop: [{ kid: "one", at: at(1) }] })).toBe("keys-none-left");
  expect(await apply({ add: publicOf(await keyOf("one")) })).toBe("keys-kid-taken");
  expect(
    await apply({
      add: publicOf(two),
      drop: [
        { kid: "one", at: at(1) },
        { kid: "two", at: at(2) },
      ],
    }),
  ).toBe("keys-dropped");
  expect(existsSync(file)).toBe(false);
  expect(await apply({ drop: [{ kid: "three", at: at(0) }] })).toBe("done");
  expect(await apply({ add: publicOf(await keyOf("three")) })).toBe("keys-dropped");
  expect(known(["one", "two", "three"])).toEqual(["one"]);
});

it("writes nothing where all is known already, and counts nothing that it could not write", async () => {
  const [one, two, three] = [await keyOf("one"), await keyOf("two"), await keyOf("three")];
  const { apply, known, file, log } = await ringOf([one.publicJwk]);
  const change = { add: publicOf(two), drop: [{ kid: "one", at: at(2) }] };
  await apply(change);
  const before = statSync(file).ino;
  await apply(change, "two");
  expect(statSync(file).ino).toBe(before);
  expect(log.lines.filter(({ message }) => message.startsWith("control keys changed"))).toHaveLength(1);
  rmSync(dirname(file), { recursive: true });
  expect(await apply({ add: publicOf(three) }, "two")).not.toBe("done");
  expect(known(["two", "three"])).toEqual(["two"]);
});

it("opens no ring from a file that is damaged: a dropped key might be believed again", async () => {
  const one = await keyOf("one");
  const { file, open } = await ringOf([one.publicJwk]);
  writeFileSync(file, "{");
  expect(await open().then(() => "open", errorCode)).toBe("keys-unreadable");
  writeFileSync(file, '{"v":2}');
  expect(await open().then(() => "open", errorCode)).toBe("keys-malformed");
});

it("changes by a message that a pinned key signed, once, and by no replay of it or of another's", async () => {
  const [one, two, three, foreign] = [await keyOf("one"), await keyOf("two"), await keyOf("three"), await keyOf("foreign")];
  const { clock, ring, known, log } = await ringOf([one.publicJwk]);
  const rejected = rejections(log, () => clock.monotonicMs());
  const inbox = openInbox({
    keys: ring,
    site: "gw-1",
    clock,
    store: controlStore(openStore()),
    rejections: rejected,
    handlers: { keys: (body, { envelope }) => ring.apply(parseAs(KeyChange, body, "keys-malformed"), envelope.kid) },
  });
  const sign = async (by: Pair, seq: number, body: object): Promise<string> =>
    signEnvelope(await importControlKey(by.privateJwk), {
      type: "keys",
      site: "gw-1",
      seq,
      nowMs: clock.now(),
      lifetimeS: 400 * 86_400,
      body,
    });
  const hear = (text: string) => inbox.take({ rest: "keys", topic: "sma/1/agg/gw-1/dn/keys", text });
  const addTwo = await sign(one, 5, { v: 1, add: [two.publicJwk], drop: [] });
  await hear(await sign(foreign, 5, { v: 1, add: [foreign.publicJwk], drop: [] }));
  await hear(addTwo);
  const addThree = await sign(one, 6, { v: 1, add: [three.publicJwk], drop: [] });
  await hear(await sign(two, 7, { v: 1, add: [], drop: [{ kid: "one", at: at(0) }] }));
  expect(known(["one", "two", "three", "foreign"])).toEqual(["two"]);
  // What the dropped key signed before its end, and what was heard already, changes nothing any more.
  await hear(addThree);
  await hear(addTwo);
  expect(known(["one", "two", "three", "foreign"])).toEqual(["two"]);
  expect(rejected.counts()).toEqual({ "envelope-unknown-key": 3 });
  await hear(await sign(two, 6, { v: 1, add: [three.publicJwk], drop: [] }));
  expect(rejected.counts()).toMatchObject({ "envelope-old-seq": 1 });
  await hear(await sign(two, 8, { v: 1, add: "all" }));
  expect(rejected.counts()).toMatchObject({ "keys-malformed": 1 });
  expect(known(["two", "three"])).toEqual(["two"]);
});
