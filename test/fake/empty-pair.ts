import { zeroHash } from "../../settlement/record/record.ts";
import type { PairState } from "../../settlement/chain/chain-reader.ts";

/** A pair on the chain that has settled nothing, with so much in escrow, micro-units. */
export const emptyPair = (balanceA: bigint, balanceB: bigint): PairState => ({
  balanceA,
  balanceB,
  leavingA: 0n,
  leavingB: 0n,
  cumA: 0n,
  cumB: 0n,
  open: 0n,
  seq: 0,
  withdrawals: 0,
  head: zeroHash,
});
