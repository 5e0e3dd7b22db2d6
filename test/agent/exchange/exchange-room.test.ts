import { expect, it } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { type ExchangeParts, startExchangeRoom } from "../../../agent/exchange/exchange-room.ts";
import { silentLog } from "../../fake/silent-log.ts";

/** The state after an hour at an exchange that holds an auction so often, and whether each round was allowed to order. */
async function anHour(auctionEveryMs: number, settled: Pick<ExchangeParts["settling"], "hasLeft" | "unsettledSince">) {
  const clock = fakeClock(Date.parse("2026-06-10T08:00:00Z"));
  const ending = new AbortController();
  const rounds: boolean[] = [];
  const parts: ExchangeParts = {
    trader: {
      run: (mayOrder) => Promise.resolve(void rounds.push(mayOrder)),
      auctionsEveryMs: () => auctionEveryMs,
      counts: () => ({ placed: 0, refused: 0 }),
    },
    settling: { run: () => Promise.resolve(), counts: () => ({ signed: 0, disputed: 0 }), ...settled },
    lookAfter: () => Promise.resolve(),
    close: () => undefined,
  };
  const room = startExchangeRoom({ open: () => Promise.resolve(parts), clock, log: silentLog(), signal: ending.signal });
  await clock.advance(3_600_000);
  ending.abort();
  const state = room.state();
  await room.stop();
  return { rounds: [...rounds], state };
}
const well = { hasLeft: () => false, unsettledSince: () => undefined };
const roundsAnHour = async (auctionEveryMs: number): Promise<number> => (await anHour(auctionEveryMs, well)).rounds.length;

it("looks at the exchange twice in the time between two of its auctions, and no more often than it needs to", async () => {
  expect(await roundsAnHour(300_000)).toBe(24);
  expect(await roundsAnHour(900_000)).toBe(8);
  expect(await roundsAnHour(60_000)).toBe(24);
});

it("takes back what is open where the exchange does not settle or countersign, and its state says which", async () => {
  expect((await anHour(900_000, well)).rounds).toEqual(Array(8).fill(true));
  const unsettled = await anHour(900_000, { ...well, unsettledSince: () => Date.parse("2026-06-08T08:00:00Z") });
  expect(unsettled.rounds).toEqual(Array(8).fill(false));
  expect(unsettled.state).toMatchObject({ hasLeft: false, unsettledSince: "2026-06-08T08:00:00.000Z" });
  const left = await anHour(900_000, { ...well, hasLeft: () => true });
  expect([left.rounds, left.state.hasLeft]).toEqual([Array(8).fill(false), true]);
});
