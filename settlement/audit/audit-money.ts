import type { ChainView } from "./chain-view.ts";
import { compareAccount, escrowAccounts } from "./escrow-ledger.ts";
import { recordPlace } from "./places.ts";
import type { AuditState } from "./record-intake.ts";

/** So long after its settlement a record may still come into the log. */
const logWithinS = 3600;

/** Each settled head is the digest of a record in the log. */
export function auditHeads({ events, books, leaves, without, newestEpochS, say }: AuditState): void {
  const published = new Set(events.flatMap((event) => (event.name === "Published" ? [event.digest] : [])));
  for (const event of events) {
    if (event.name !== "Settled") continue;
    say.checked("heads");
    const { a, b, seq, head, block, timeS } = event;
    const logged = books.digestAt(event, seq);
    if (logged === head || published.has(head) || leaves.first(head, [a, b])) continue;
    const place = `block ${block}, ${recordPlace(event)}`;
    const later = [a, b].some((party) => (newestEpochS.get(party) ?? 0) >= timeS + logWithinS);
    const open = without.has(a) || without.has(b) || (logged === undefined && !later);
    const why = logged === undefined ? `${head} is in no epoch of the two` : `${head} was settled, the log has ${logged}`;
    say.find("heads", open ? "unknown" : "bad", "head-unlogged", place, later || logged ? why : `${why} yet`);
  }
}

/**
 * The money of all pairs, booked from the events, is what the chain says of each pair and what the contract holds.
 * @param complete whether all events since the contract was created are there; null where the node cannot tell
 */
export async function auditMoney(state: AuditState, view: ChainView, block: number, complete: boolean | null): Promise<void> {
  const { events, heads, say } = state;
  const accounts = escrowAccounts(events, (digest) => heads.get(digest) ?? undefined, say);
  let sum = 0n;
  for (const account of accounts) {
    sum += account.balanceA + account.balanceB;
    const pair = await view.pairAt(account.a, account.b, block);
    compareAccount(account, pair, complete === false ? "unknown" : "bad", say);
  }
  const held = await view.tokensAt(block);
  const place = `block ${block}`;
  if (held < sum)
    say.find("escrow", "bad", "tokens-missing", place, `the pairs have ${sum} by the events, the contract holds ${held}`);
  else if (held > sum)
    say.find(
      "escrow",
      complete ? "note" : "unknown",
      "tokens-surplus",
      place,
      `the contract holds ${held - sum} more than the pairs have: sent to it past them${complete ? "" : ", or events are missing"}`,
    );
}
