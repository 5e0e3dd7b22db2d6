import { chainRevert, settlementInterface } from "./chain-error.ts";
import type { Head } from "../record/record.ts";
import type { EventLog } from "./transactor.ts";

/** A record that the contract did not settle while it settled others. */
export interface FailedSettlement {
  a: string;
  b: string;
  seq: number;
  /** As of chainError, such as settlement-insufficient-escrow. */
  code: string;
  message: string;
}

/** The failures among many settlements, as the transaction logged them. */
export function failedSettlements(logs: readonly EventLog[], contract: string): FailedSettlement[] {
  return logs.flatMap(({ address, topics, data }) => {
    if (address.toLowerCase() !== contract) return [];
    const event = settlementInterface.parseLog({ topics, data });
    if (event?.name !== "NotSettled") return [];
    const { a, b, seq, reason } = event.args.toObject() as { a: string; b: string; seq: bigint; reason: string };
    return [failureOf({ a: a.toLowerCase(), b: b.toLowerCase(), seq: Number(seq) }, reason)];
  });
}

/** The failures that a call without a transaction foretells; `reasons` is what the contract answered. */
export function settlementFailures(records: readonly { head: Head }[], reasons: unknown): FailedSettlement[] {
  return [...(reasons as Iterable<string>)].flatMap((reason, index) => {
    const head = records[index]?.head;
    return head && reason !== "0x" ? [failureOf(head, reason)] : [];
  });
}

function failureOf({ a, b, seq }: Pick<Head, "a" | "b" | "seq">, reason: string): FailedSettlement {
  const { code, message } = chainRevert("settleMany", reason);
  return { a, b, seq, code, message };
}
