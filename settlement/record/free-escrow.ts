import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { PairState } from "../chain/chain-reader.ts";

/**
 * What one side has in a pair's escrow beyond what it owes by the newest record and has announced to take out, micro-units;
 * negative where it is short. Pure.
 */
export function freeEscrow(pair: PairState, newest: Pick<RecordWire, "cumA" | "cumB"> | null, isA: boolean): bigint {
  const due = newest ? pair.open + BigInt(newest.cumA) - pair.cumA - (BigInt(newest.cumB) - pair.cumB) : pair.open;
  const owed = isA ? due : -due;
  const [balance, leaving] = isA ? [pair.balanceA, pair.leavingA] : [pair.balanceB, pair.leavingB];
  return balance - leaving - (owed > 0n ? owed : 0n);
}
