import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { Inclusion } from "./chain-client.ts";
import { settlementInterface } from "./chain-error.ts";
import { recordBody } from "../record/record-body.ts";
import { recordHead } from "../record/record.ts";

/** A call of the settlement contract that anybody may send for the parties of a record. */
export interface SettlementCall {
  what: "publish" | "settle" | "settlePartial" | "settleLogged";
  /** Calldata in hex. */
  data: string;
}

/** All of them: what a relayer passes on. */
export const relayedCalls: readonly SettlementCall["what"][] = ["publish", "settle", "settlePartial", "settleLogged"];

/** Puts a whole record on chain; a missing signature is "0x". */
export function publishCall(record: RecordWire, signatureA: string, signatureB: string): SettlementCall {
  return encoded("publish", [recordHead(record), recordBody(record), signatureA, signatureB]);
}

/** Settles a record that both have signed. `where` is needed for settleLogged only. */
export function settleCall(
  what: Exclude<SettlementCall["what"], "publish">,
  record: RecordWire,
  signatures: { a: string; b: string },
  where?: Inclusion,
): SettlementCall {
  return encoded(what, [recordHead(record), signatures.a, signatures.b, ...(what === "settleLogged" ? [where] : [])]);
}

/** Which of the relayed calls this calldata is; undefined for any other. */
export function relayedCallOf(data: string): SettlementCall["what"] | undefined {
  try {
    const name = settlementInterface.parseTransaction({ data })?.name;
    return relayedCalls.find((one) => one === name);
  } catch {
    // Right selector, nonsense behind it.
    return undefined;
  }
}

const encoded = (what: SettlementCall["what"], args: readonly unknown[]): SettlementCall => ({
  what,
  data: settlementInterface.encodeFunctionData(what, args),
});
