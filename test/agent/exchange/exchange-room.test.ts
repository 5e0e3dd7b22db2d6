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
