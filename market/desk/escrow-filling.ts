import { computeAddress } from "ethers/transaction";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import { topUp, type TopUpLevels, type TopUpStore } from "../../settlement/chain/top-up.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";
import type { Participants } from "./standings.ts";

/**
 * Fills up the exchange's own side of the pair of one participant, or of all. One after the other: two that look at the same pair
 * at once would both fill it up. Never rejects; without levels it does nothing.
 */
export function escrowFilling(parts: {
  owner: string;
  /** Whose tokens are used. */
  wallet: { privateKey: string };
  chain: Pick<ChainClient, "pairOf" | "depositMany" | "tokenBalanceOf">;
  records: TopUpStore;
  participants: Participants;
  levels: TopUpLevels | undefined;
  noteSpent: Spent;
  clock: Pick<Clock, "now">;
  log: Log;
}): (participant?: string) => Promise<void> {
  const { owner, chain, records, levels, noteSpent, clock, log } = parts;
  const purse = computeAddress(parts.wallet.privateKey).toLowerCase();
  const waiting = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  const fill = async (participant: string | undefined): Promise<void> => {
    if (participant !== undefined) waiting.delete(participant);
    if (!levels) return;
    const agreements = new Map(
      [...parts.participants].flatMap(([address, { agreement }]) =>
        participant === undefined || participant === address ? [[address, agreement] as const] : [],
      ),
    );
    try {
      await topUp({ store: records, chain, owner, purse, agreements, levels, noteSpent, clock, log });
    } catch (error) {
      log.warn({ code: errorCode(error), error: errorMessage(error) }, "own escrow not filled up, tried again later");
    }
  };
  return (participant) => {
    if (participant !== undefined && waiting.has(participant)) return last;
    if (participant !== undefined) waiting.add(participant);
    last = last.then(() => fill(participant));
    return last;
  };
}
