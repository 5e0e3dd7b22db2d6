import { expect, it } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { type ExchangeParts, startExchangeRoom } from "../../../agent/exchange/exchange-room.ts";
import { silentLog } from "../../fake/silent-log.ts";

/** Rounds in an hour at an exchange that holds an auction so often. */
async function roundsAnHour(auctionEveryMs: number): Promise<number> {
  const clock = fakeClock(Date.parse("2026-06-10T08:00:00Z"));
  const ending = new AbortController();
  let rounds = 0;
  const parts: ExchangeParts = {
    trader: {
      run: () => Promise.resolve(void rounds++),
      auctionsEveryMs: () => auctionEveryMs,
      counts: () => ({ placed: 0, refused: 0 }),
    },
    settling: {
      run: () => Promise.resolve(),
      hasLeft: () => false,
      unsettledSince: () => undefined,
      counts: () => ({ signed: 0, disputed: 0 }),
    },
    lookAfter: () => Promise.resolve(),
    close: () => undefined,
  };
  const room = startExchangeRoom({ open: () => Promise.resolve(parts), clock, log: silentLog(), signal: ending.signal });
  await clock.advance(3_600_000);
  ending.abort();
  await room.stop();
  return rounds;
}

it("looks at the exchange twice in the time between two of its auctions, and no more often than it needs to", async () => {
  expect(await roundsAnHour(300_000)).toBe(24);
  // In the first round it learns how often that is.
  expect(await roundsAnHour(900_000)).toBe(9);
  expect(await roundsAnHour(60_000)).toBe(24);
});

it.each<[string, Partial<ExchangeParts["settling"]>, boolean]>([
  ["orders where all is well", {}, true],
  ["takes back what is open where delivered trades are not settled", { unsettledSince: () => 1_000 }, false],
  ["takes back what is open where it has left", { hasLeft: () => true }, false],
])("%s, and its state says why", async (_, settled, mayOrder) => {
  const clock = fakeClock(Date.parse("2026-06-10T08:00:00Z"));
  const ending = new AbortController();
  const asked = new Set<boolean>();
  const settling = { run: () => Promise.resolve(), counts: () => ({ signed: 0, disputed: 0 }) };
  const parts: ExchangeParts = {
    trader: {
      run: (may) => Promise.resolve(void asked.add(may)),
      auctionsEveryMs: () => 900_000,
      counts: () => ({ placed: 0, refused: 0 }),
    },
    settling: { ...settling, hasLeft: () => false, unsettledSince: () => undefined, ...settled },
    lookAfter: () => Promise.resolve(),
    close: () => undefined,
  };
  const room = startExchangeRoom({ open: () => Promise.resolve(parts), clock, log: silentLog(), signal: ending.signal });
  await clock.advance(3_600_000);
  ending.abort();
  await room.stop();
  expect([...asked]).toEqual([mayOrder]);
  expect(room.state()).toMatchObject({
    hasLeft: settled.hasLeft !== undefined,
    unsettledSince: settled.unsettledSince ? "1970-01-01T00:00:01.000Z" : null,
  });
});
