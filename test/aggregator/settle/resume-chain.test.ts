import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { noteSpent } from "../../../aggregator/settle/note-spent.ts";
import { chainResumer } from "../../../aggregator/settle/resume-chain.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { fileJournal } from "../../../settlement/chain/file-journal.ts";
import { aggregator } from "../../settlement/fixture.ts";
import { scratch } from "../../fake/scratch.ts";
import { until } from "../../fake/until.ts";
import { chainRoom } from "./chain-room.ts";

vi.setConfig({ testTimeout: 60_000 });

it("keeps the cost of a commit that was on its way when the process was killed, and does not send it again", async () => {
  const room = await chainRoom({ settleMs: null });
  const { store, chain, market, owner, anvil } = room;
  const file = join(scratch("journal"), "pending.json");
  const open = () =>
    chainClient({
      rpcUrl: anvil.url,
      chainId: chain.chainId,
      contract: chain.contract,
      privateKey: aggregator.signer.privateKey,
      pollMs: 5,
      journal: fileJournal(file),
    });
  await room.addCosigned();
  await market.provider.send("evm_setAutomine", [false]);
  const killed = open();
  await room.clock.advance(3_600_000);
  const round = room.through({ commit: killed.commit }).tick();
  await until("it is on its way", () => fileJournal(file).read().length === 1);
  killed.close();
  await round;
  expect(await store.unfinishedEpochs()).toMatchObject([{ committedTx: null }]);
  await market.provider.send("evm_setAutomine", [true]);
  await market.provider.send("evm_mine", []);
  const next = open();
  const note = noteSpent(store, chain.chainId, room.clock);
  const resume = chainResumer({ store, chain: next, owner, noteSpent: note, log: room.log });
  await room.through({ commit: () => expect.fail("sent twice") }, { resume }).tick();
  next.close();
  expect(await store.epochs()).toMatchObject([{ committedTx: expect.stringMatching(/^0x/), final: true }]);
  expect(await store.spent({ fromMs: 0, toMs: 1e15, limit: 9 })).toMatchObject([{ what: "commit", records: 1 }]);
  expect(fileJournal(file).read()).toEqual([]);
});

it("commits nothing while it is not known what is on its way", async () => {
  const room = await chainRoom({ settleMs: null });
  await room.addCosigned();
  const resume = () => Promise.reject(new Error("the chain is away"));
  await room.epoch(room.through({ commit: () => expect.fail("sent") }, { resume }));
  expect(room.log.lines).toMatchObject([{ level: "warn", fields: { what: "looking for what was on its way" } }]);
});
