import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { freeEscrow } from "../record/free-escrow.ts";
import type { Terms } from "../record/sign-agreement.ts";
import type { ChainClient, Deposit } from "./chain-client.ts";
import type { Spent } from "./transactor.ts";

/** Money of the own side that is kept in each pair's escrow, micro-units. */
export interface TopUpLevels {
  below: bigint;
  to: bigint;
  mostPerDay: bigint;
}

/** What is kept of it. */
export interface TopUpStore {
  /** The newest record with a site. */
  newestRecord(site: string): Promise<{ record: RecordWire } | undefined | null>;
  addTopUp(site: string, micro: bigint, atMs: number): Promise<void>;
  /** Micro-units topped up since an instant. */
  toppedUpSince(ms: number): Promise<bigint>;
}

const mostTogether = 100;
const dayMs = 86_400_000;

/**
 * Pays into the own side of each pair that has less than it should, out of the key's own tokens: the emptiest first, as far
 * as the tokens and the day's bound go. The day is the 24 hours until now.
 * @throws AppError of the chain client
 */
export async function topUp(options: {
  store: TopUpStore;
  chain: Pick<ChainClient, "pairOf" | "depositMany" | "tokenBalanceOf">;
  /** The own party, and the address that holds its tokens. */
  owner: string;
  purse: string;
  /** By site. */
  agreements: ReadonlyMap<string, Terms>;
  levels: TopUpLevels;
  noteSpent: Spent;
  clock: Pick<Clock, "now">;
  log: Log;
}): Promise<void> {
  const { store, chain, owner, levels, clock, log } = options;
  const low: { site: string; a: string; b: string; side: "a" | "b"; free: bigint }[] = [];
  for (const [site, { a, b }] of options.agreements) {
    const newest = await store.newestRecord(site);
    const free = freeEscrow(await chain.pairOf(a, b), newest?.record ?? null, a === owner);
    if (free < levels.below) low.push({ site, a, b, side: a === owner ? "a" : "b", free });
  }
  if (low.length === 0) return;
  low.sort((one, other) => (one.free < other.free ? -1 : 1));
  const [purse, today] = [await chain.tokenBalanceOf(options.purse), await store.toppedUpSince(clock.now() - dayMs)];
  let left = levels.mostPerDay - today < purse ? levels.mostPerDay - today : purse;
  const deposits: (Deposit & { site: string })[] = [];
  for (const { site, a, b, side, free } of low) {
    const missing = levels.to - free;
    const amount = missing < left ? missing : left;
    if (amount <= 0n) break;
    left -= amount;
    deposits.push({ site, a, b, side, amount });
  }
  if (deposits.length < low.length || left === 0n)
    log.warn(
      { low: low.length, toppedUp: deposits.length, purse, today, mostPerDay: levels.mostPerDay },
      "own escrow is low and cannot be filled up as it should",
    );
  for (let from = 0; from < deposits.length; from += mostTogether) {
    const batch = deposits.slice(from, from + mostTogether);
    // Counted before it is sent: a crash must not let the day's bound be passed.
    for (const { site, amount } of batch) await store.addTopUp(site, amount, clock.now());
    const mined = await chain.depositMany(batch);
    await options.noteSpent("depositMany", mined, 0);
    log.info({ pairs: batch.length, tx: mined.hash }, "own escrow filled up");
  }
}
