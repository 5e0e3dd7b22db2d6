import { recordKinds, type RecordWire } from "../core/message/settlement-message.ts";

/**
 * The body of a record as the contract's `publish` takes it. Whether a record can be written so is what recordHead says; a
 * body that is not the signed one is refused by the contract, which has its hash in the head.
 */
export function recordBody({ salt, kind, payer, time, wh, amount, prices, agreement, ref, prev }: RecordWire) {
  return {
    salt,
    kind: recordKinds.indexOf(kind),
    payer,
    time: Date.parse(time) / 1000,
    wh,
    amount: BigInt(amount),
    prices,
    agreement,
    ref,
    prev,
  };
}
