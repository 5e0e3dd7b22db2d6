import { expect, it } from "vitest";
import { scratchStore } from "../rows.ts";

const transaction = {
  chainId: 1,
  hash: "0xa",
  what: "commit",
  block: 7,
  atMs: 100,
  gas: 50_000n,
  blobGas: 131_072n,
  feeWei: 2n ** 70n,
  records: 0,
};

it("keeps each transaction once, with the records that are added later, and sums by chain and call", async () => {
  const { store } = await scratchStore();
  await store.addSpent(transaction);
  await store.addSpent({ ...transaction, records: 12 });
  await store.addSpent({ ...transaction, hash: "0xb", atMs: 200, records: 3 });
  // The same hash on another chain is another transaction.
  await store.addSpent({ ...transaction, chainId: 5, records: 1 });
  expect(await store.spent({ fromMs: 0, toMs: 200, limit: 9 })).toEqual(
    expect.arrayContaining([
      { ...transaction, records: 12 },
      { ...transaction, chainId: 5, records: 1 },
    ]),
  );
  expect(await store.spent({ fromMs: 0, toMs: 201, limit: 1, offset: 2 })).toMatchObject([{ hash: "0xb" }]);
  expect(await store.spentSums({ fromMs: 0, toMs: 201 })).toEqual([
    { chainId: 1, what: "commit", gas: 100_000n, blobGas: 262_144n, feeWei: 2n ** 71n, records: 15, transactions: 2 },
    { chainId: 5, what: "commit", gas: 50_000n, blobGas: 131_072n, feeWei: 2n ** 70n, records: 1, transactions: 1 },
  ]);
});

it("remembers what is due, and counts top-ups from an instant on", async () => {
  const { store, reopen } = await scratchStore();
  expect(await store.due("epoch")).toBeNull();
  await store.setDue("epoch", 5);
  await store.setDue("epoch", 9);
  await store.addTopUp("a", 2n ** 80n, 10);
  await store.addTopUp("b", 1n, 20);
  const again = await reopen();
  expect([await again.due("epoch"), await again.toppedUpSince(10), await again.toppedUpSince(11)]).toEqual([
    9,
    2n ** 80n + 1n,
    1n,
  ]);
});
