import { getEventListeners } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { UftpMessage } from "../../../core/message/uftp.ts";
import { uftpOutbox } from "../../../core/uftp/uftp-outbox.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";

const startMs = Date.parse("2026-11-30T08:00:00Z");

const revocation = (id: number): UftpMessage => ({
  Message: "FlexOfferRevocation",
  Version: "3.0.0",
  SenderDomain: "agr.example",
  RecipientDomain: "dso.example",
  TimeStamp: iso(startMs),
  MessageID: `00000000-0000-4000-8000-00000000000${id}`,
  ConversationID: "00000000-0000-4000-8000-000000000000",
  FlexOfferMessageID: "00000000-0000-4000-8000-000000000009",
});

it("simulated time waits for each try of a message and for those behind it, and goes on between two tries", async () => {
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const tries: { id: string; atMs: number; end: PromiseWithResolvers<void> }[] = [];
  const outbox = uftpOutbox({
    client: {
      async send(_, { MessageID: id }) {
        const end = Promise.withResolvers<void>();
        tries.push({ id, atMs: clock.now() - startMs, end });
        await end.promise;
      },
      close: () => undefined,
    },
    urlOf: () => "https://127.0.0.1:1",
    clock,
    log: silentLog(),
    signal: ending.signal,
  });
  const ended = (at: number) => until(`try ${at}`, () => tries[at] !== undefined);
  let isOver = false;
  outbox.send([revocation(1), revocation(2)]);
  const advanced = clock.advance(400).then(() => (isOver = true));
  await ended(0);
  tries[0]?.end.resolve();
  await ended(1);
  expect(isOver).toBe(false);
  tries[1]?.end.reject(new AppError("uftp-unreachable", "nobody there", { temporary: true }));
  await advanced;
  expect(tries.length).toBe(2);
  const later = clock.advance(1000);
  await ended(2);
  tries[2]?.end.resolve();
  await later;
  await outbox.idle();
  expect(tries.map(({ id }) => id.at(-1))).toEqual(["1", "2", "2"]);
});

it("keeps a thousand messages for a recipient that takes none, and goes on with the others", async () => {
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const log = silentLog();
  const sent: string[] = [];
  const deaf = Promise.withResolvers<void>();
  const outbox = uftpOutbox({
    client: {
      async send(_, { RecipientDomain: to }) {
        if (to === "deaf.example") await deaf.promise;
        sent.push(to);
      },
      close: () => undefined,
    },
    urlOf: () => "https://127.0.0.1:1",
    clock,
    log,
    signal: ending.signal,
  });
  outbox.send(Array.from({ length: 1500 }, () => ({ ...revocation(1), RecipientDomain: "deaf.example" })));
  outbox.send([revocation(2)]);
  await until("the other has its message", () => sent.includes("dso.example"));
  expect(log.lines).toHaveLength(500);
  deaf.resolve();
  await outbox.idle();
  expect(sent).toHaveLength(1001);
  // And there is room again.
  outbox.send([{ ...revocation(3), RecipientDomain: "deaf.example" }]);
  await outbox.idle();
  expect(sent).toHaveLength(1002);
});

it("keeps nothing for each try while a recipient is away", async () => {
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let tries = 0;
  const outbox = uftpOutbox({
    client: {
      send() {
        tries++;
        return Promise.reject(new AppError("uftp-unreachable", "nobody there", { temporary: true }));
      },
      close: () => undefined,
    },
    urlOf: () => "https://127.0.0.1:1",
    clock,
    log: silentLog(),
    signal: ending.signal,
  });
  outbox.send([revocation(1)]);
  for (let seconds = 0; seconds < 20; seconds++) await clock.advance(1000);
  expect(tries).toBeGreaterThan(10);
  expect(getEventListeners(ending.signal, "abort").length).toBeLessThan(5);
});
