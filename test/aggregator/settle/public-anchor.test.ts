import { expect, it, vi } from "vitest";
import { noteSpent } from "../../../aggregator/settle/note-spent.ts";
import { anchorPublicly } from "../../../aggregator/settle/public-anchor.ts";
import { errorCode } from "../../../core/app-error.ts";
import type { ChainClient } from "../../../settlement/chain/chain-client.ts";
import { household } from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { chainRoom, openChain, site } from "./chain-room.ts";

vi.setConfig({ testTimeout: 60_000 });

/** A private chain on which every record is settled by itself, and a public one that gets the roots. */
async function twoChains() {
  const room = await chainRoom({ settleMs: null });
  const pub = await openChain();
  const { store, owner, clock, log } = room;
  const anchor = (chain: Pick<ChainClient, "commit" | "epochOf" | "readCommit"> = pub.chain) =>
    anchorPublicly({ store, chain, by: owner, noteSpent: noteSpent(store, 1, clock), log });
  return { room, pub, anchor };
}

it("settles each record on the private chain and commits the same root on the public one", async () => {
  const { room, pub, anchor } = await twoChains();
  await fund(room.market, household.owner, 10n ** 9n);
  await room.addCosigned();
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.work.settler.settleEach(site);
  expect(await room.settledSeq()).toBe(2);
  await anchor();
  expect(await pub.chain.epochOf(room.owner)).toBe(0);
  await room.epoch();
  await anchor();
  await anchor();
  const root = (await room.store.epochAt(1))?.root;
  expect((await room.chain.readCommit(room.owner, 1))?.root).toBe(root);
  expect(await pub.chain.readCommit(room.owner, 1)).toMatchObject({ root, count: 2 });
  expect(await pub.chain.epochOf(room.owner)).toBe(1);
  const spent = await room.store.spent({ fromMs: 0, toMs: 1e15, limit: 9 });
  expect(spent.filter(({ chainId }) => chainId === 1)).toMatchObject([{ what: "commit", records: 2 }]);
});

it("counts on from where the public chain is, and finds there what it has sent before", async () => {
  const { room, pub, anchor } = await twoChains();
  await pub.chain.commit(room.owner, 1, `0x${"11".repeat(32)}`, 1, "0x");
  await room.addCosigned();
  await room.epoch();
  const lost = {
    ...pub.chain,
    async commit(...args: Parameters<ChainClient["commit"]>) {
      await pub.chain.commit(...args);
      throw new Error("connection lost");
    },
  };
  await expect(anchor(lost)).rejects.toThrow("connection lost");
  await anchor({ ...pub.chain, commit: () => expect.fail("sent twice") });
  expect(await room.store.anchoredAs(1)).toEqual({ anchorEpoch: 2, tx: "found on chain" });
  expect((await pub.chain.readCommit(room.owner, 2))?.root).toBe((await room.store.epochAt(1))?.root);
});

it("stops where the public chain holds another root under its number", async () => {
  const { room, pub, anchor } = await twoChains();
  await room.addCosigned();
  await room.epoch();
  await expect(anchor({ ...pub.chain, commit: () => Promise.reject(new Error("killed")) })).rejects.toThrow("killed");
  await pub.chain.commit(room.owner, 1, `0x${"11".repeat(32)}`, 1, "0x");
  expect(await anchor().catch(errorCode)).toBe("epoch-conflict");
});
