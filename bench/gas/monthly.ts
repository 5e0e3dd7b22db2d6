import type { PilotGas } from "./pilot.ts";

/** Blobs of EIP-4844 as records are laid in: 31 bytes of each of 4096 field elements. */
export const blobsFor = {
  usableBytes: 31 * 4096,
  /** Most in one transaction (EIP-7594). */
  perTransaction: 6,
  /** EIP-7918: a blob costs at least 2^13 times the base fee of execution. */
  gasEach: 8192,
};

/** What a month consists of. */
export interface Monthly {
  prosumers: number;
  recordsADay: number;
  /** Bytes of a record in the log. */
  bytes: number;
  settlementsAMonth: number;
  /** Whether one payer tops up many homes in a transaction, or each home sends its own. One top-up for each settlement. */
  topUps: "together" | "alone";
}

/** Days of a month. */
const days = 30;

/** Gas of a month for one record, blobs included at their floor price. */
export function monthlyGas(gas: PilotGas, { prosumers, recordsADay, bytes, settlementsAMonth, topUps }: Monthly): number {
  const records = prosumers * recordsADay;
  const blobs = Math.ceil((records * bytes) / blobsFor.usableBytes);
  const more = Math.ceil(Math.max(0, blobs - blobsFor.perTransaction) / blobsFor.perTransaction);
  const daily = gas.commitWithBlobs + more * gas.attachBlobs + blobs * blobsFor.gasEach;
  const topUp = topUps === "together" ? gas.depositMany : gas.deposit;
  return (days * daily + prosumers * settlementsAMonth * (gas.settleMany + topUp)) / (days * records);
}
