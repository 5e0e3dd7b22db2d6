import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { noteSpent } from "../../../aggregator/settle/note-spent.ts";
import { topUp } from "../../../settlement/chain/top-up.ts";
import { freeEscrow } from "../../../settlement/record/free-escrow.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import * as parties from "../../settlement/fixture.ts";
import { chainRoom } from "./chain-room.ts";

vi.setConfig({ testTimeout: 60_000 });
const { aggregator, partyA, partyB } = parties;
const ownIsA = partyA.owner === aggregator.owner;
const dayMs = 86_400_000;

async function room() {
  const made = await chainRoom({ settleMs: null });
  const { store, chain, agreements, clock, log, market } = made;
  const purse = parties.addressOf(aggregator.signer);
  const run = (levels: { below: bigint; to: bigint; mostPerDay: bigint }) => {
    const note = noteSpent(store, chain.chainId, clock);
    return topUp({ store, chain, owner: aggregator.owner, purse, agreements, levels, noteSpent: note, clock, log });
  };
  const own = async () => {
    const { balanceA, balanceB } = await chain.pairOf(partyA.owner, partyB.owner);
    return ownIsA ? balanceA : balanceB;
  };
  return { ...made, run, own, purse, give: (micro: bigint) => market.funder.transfer(purse, micro) };
}

it("fills the own side up out of its own tokens, and not again while that is enough", async () => {
  const { run, own, give, chain, purse } = await room();
  await give(1000n);
  const levels = { below: 200n, to: 500n, mostPerDay: 900n };
  await run(levels);
  expect([await own(), await chain.tokenBalanceOf(purse)]).toEqual([500n, 500n]);
  await run(levels);
  expect(await own()).toBe(500n);
  await run({ below: 501n, to: 600n, mostPerDay: 900n });
  expect(await own()).toBe(600n);
});

it("stays within the day's bound, within its tokens, and says so", async () => {
  const { run, own, give, clock, log } = await room();
  await give(1000n);
  await run({ below: 500n, to: 500n, mostPerDay: 300n });
  expect([await own(), log.lines.length]).toEqual([300n, 1]);
  await run({ below: 500n, to: 500n, mostPerDay: 300n });
  expect(await own()).toBe(300n);
  await clock.advance(dayMs + 1);
  await run({ below: 500n, to: 500n, mostPerDay: 300n });
  expect(await own()).toBe(500n);
  await clock.advance(dayMs + 1);
  await run({ below: 9000n, to: 9000n, mostPerDay: 10_000n });
  expect(await own()).toBe(1000n);
  expect(log.lines).toMatchObject([{ level: "warn" }, { level: "warn" }, { level: "warn" }]);
});

it("counts a deposit whose answer was lost to the day", async () => {
  const made = await room();
  await made.give(1000n);
  const levels = { below: 500n, to: 500n, mostPerDay: 500n };
  const lost = {
    ...made.chain,
    async depositMany(deposits: Parameters<typeof made.chain.depositMany>[0]) {
      await made.chain.depositMany(deposits);
      throw new Error("killed");
    },
  };
  const { store, agreements, clock, log, purse } = made;
  const note = noteSpent(store, made.chain.chainId, clock);
  await expect(
    topUp({ store, chain: lost, owner: aggregator.owner, purse, agreements, levels, noteSpent: note, clock, log }),
  ).rejects.toThrow("killed");
  await made.run({ ...levels, below: 700n, to: 700n });
  expect(await made.own()).toBe(500n);
});

it("reckons what is owed by the newest record, and what is announced to leave, as not there", () => {
  const money = fc.bigInt({ min: 0n, max: 10n ** 12n });
  fc.assert(
    fc.property(
      fc.record({ balanceA: money, balanceB: money, leavingA: money, leavingB: money, cumA: money, cumB: money }),
      fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
      money,
      money,
      (amounts, open, moreA, moreB) => {
        const pair: PairState = { ...amounts, open, seq: 1, withdrawals: 0, head: "0x" };
        const newest = { cumA: String(pair.cumA + moreA), cumB: String(pair.cumB + moreB) };
        const dueOfA = open + moreA - moreB;
        const freeA = freeEscrow(pair, newest, true);
        const freeB = freeEscrow(pair, newest, false);
        expect(freeA).toBe(pair.balanceA - pair.leavingA - (dueOfA > 0n ? dueOfA : 0n));
        expect(freeB).toBe(pair.balanceB - pair.leavingB - (dueOfA < 0n ? -dueOfA : 0n));
      },
    ),
  );
});
