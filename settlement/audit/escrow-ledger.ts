import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { ChainEvent } from "../chain/chain-events.ts";
import type { PairState } from "../chain/chain-reader.ts";
import type { Journal } from "./journal.ts";
import { pairPlace, recordPlace } from "./places.ts";

/** A pair's money as the events tell it; micro-units. */
interface Account {
  a: string;
  b: string;
  balanceA: bigint;
  balanceB: bigint;
  /** What a owes b from partial settlements; negative where b owes a. */
  open: bigint;
  seq: number;
  head: string;
  /** Totals of the newest settled record; null where that record is not known. */
  totals: { cumA: bigint; cumB: bigint } | null;
}

const noHead = `0x${"0".repeat(64)}`;

/**
 * Books all money of the events, and recomputes what each settlement had to pay where its record is known.
 * @param recordOf the record with this digest, as far as the audit has seen it
 */
export function escrowAccounts(
  events: readonly ChainEvent[],
  recordOf: (digest: string) => RecordWire | undefined,
  say: Journal,
): Account[] {
  const accounts = new Map<string, Account>();
  const of = ({ a, b }: { a: string; b: string }): Account => {
    const key = `${a}${b}`;
    const found = accounts.get(key);
    if (found) return found;
    const made: Account = {
      a,
      b,
      balanceA: 0n,
      balanceB: 0n,
      open: 0n,
      seq: 0,
      head: noHead,
      totals: { cumA: 0n, cumB: 0n },
    };
    accounts.set(key, made);
    return made;
  };
  for (const event of events)
    switch (event.name) {
      case "Deposited": {
        const account = of(event);
        if (event.side === "a") account.balanceA += event.amount;
        else account.balanceB += event.amount;
        break;
      }
      case "Settled": {
        const account = of(event);
        const record = recordOf(event.head);
        checkSettled(account, event, record, say);
        pay(account, event.payer, event.paid);
        const sign = event.payer === event.a ? 1n : -1n;
        account.open = sign * (event.due - event.paid);
        account.seq = event.seq;
        account.head = event.head;
        account.totals = record ? { cumA: BigInt(record.cumA), cumB: BigInt(record.cumB) } : null;
        break;
      }
      case "Collected": {
        const account = of(event);
        pay(account, event.payer, event.paid);
        account.open -= event.payer === event.a ? event.paid : -event.paid;
        break;
      }
      case "Withdrawn": {
        const account = of(event);
        account.balanceA -= event.amountA;
        account.balanceB -= event.amountB;
        break;
      }
      case "WithdrawExecuted": {
        const account = of(event);
        if (event.owner === event.a) account.balanceA -= event.amount;
        else account.balanceB -= event.amount;
        break;
      }
      default:
    }
  return [...accounts.values()];
}

/** Compares the booked money with what the chain says of a pair. */
export function compareAccount(account: Account, pair: PairState, whenDifferent: "bad" | "unknown", say: Journal): void {
  say.checked("escrow");
  const wrong = (["balanceA", "balanceB", "open", "seq", "head"] as const)
    .filter((field) => account[field] !== pair[field])
    .map((field) => `${field} is ${String(pair[field])}, by the events ${String(account[field])}`);
  if (wrong.length > 0) say.find("escrow", whenDifferent, "balances-differ", pairPlace(account), wrong.join("; "));
}

function pay(account: Account, payer: string, paid: bigint): void {
  const toB = payer === account.a ? paid : -paid;
  account.balanceA -= toB;
  account.balanceB += toB;
}

function checkSettled(
  account: Account,
  event: Extract<ChainEvent, { name: "Settled" }>,
  record: RecordWire | undefined,
  say: Journal,
): void {
  if (!record || !account.totals) return;
  const net = account.open + BigInt(record.cumA) - account.totals.cumA - (BigInt(record.cumB) - account.totals.cumB);
  const due = event.payer === event.a ? event.due : -event.due;
  if (net !== due)
    say.find(
      "escrow",
      "bad",
      "settled-differs",
      `block ${event.block}, ${recordPlace(event)}`,
      `the chain says that ${event.payer} owed ${event.due}; by the totals a owes b ${net}`,
    );
}
