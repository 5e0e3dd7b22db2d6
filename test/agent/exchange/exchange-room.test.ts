import { expect, it } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { type ExchangeParts, startExchangeRoom } from "../../../agent/exchange/exchange-room.ts";
import { silentLog } from "../../fake/silent-log.ts";

/** What an exchange's room was asked for in an hour: whether its trader may order, round after round. */
async function anHour(auctionEveryMs: number, settled: Partial<ExchangeParts["settling"]> = {}) {
  const clock = fakeClock(Date.parse("2026-06-10T08:00:00Z"));
  const ending = new AbortController();
  const asked: boolean[] = [];
  const parts: ExchangeParts = {
    trader: {
      run: (may) => Promise.resolve(void asked.push(may)),
      auctionsEveryMs: () => auctionEveryMs,
      counts: () => ({ placed: 0, refused: 0 }),
    },
    settling: {
      run: () => Promise.resolve(),
      hasLeft: () => false,
      unsettledSince: () => undefined,
      counts: () => ({ signed: 0, disputed: 0 }),
      ...settled,
    },
    lookAfter: () => Promise.resolve(),
    close: () => undefined,
  };
  const room = startExchangeRoom({ open: () => Promise.resolve(parts), clock, log: silentLog(), signal: ending.signal });
  await clock.advance(3_600_000);
  ending.abort();
  await room.stop();
  return { asked, state: room.state() };
}

it("looks at the exchange twice in the time between two of its auctions, and no more often than it needs to", async () => {
  expect((await anHour(300_000)).asked).toHaveLength(24);
  // In the first round it learns how often that is.
  expect((await anHour(900_000)).asked).toHaveLength(9);
  expect((await anHour(60_000)).asked).toHaveLength(24);
});

it.each<[string, Partial<ExchangeParts["settling"]>, boolean]>([
  ["orders where all is well", {}, true],
  ["takes back what is open where delivered trades are not settled", { unsettledSince: () => 1_000 }, false],
  ["takes back what is open where it has left", { hasLeft: () => true }, false],
])("%s, and its state says why", async (_, settled, mayOrder) => {
  const { asked, state } = await anHour(900_000, settled);
  expect([...new Set(asked)]).toEqual([mayOrder]);
  expect(state).toMatchObject({
    hasLeft: settled.hasLeft !== undefined,
    unsettledSince: settled.unsettledSince ? "1970-01-01T00:00:01.000Z" : null,
  });
});
