import { blobCapacity, blobsPerTransaction } from "../../settlement/log/blob-bytes.ts";
import type { PilotGas } from "./pilot.ts";

/** EIP-7918: a blob costs at least 2^13 times the base fee of execution. */
export const gasOfBlob = 8192;

/** What a month consists of. */
export interface Monthly {
  prosumers: number;
  recordsADay: number;
  /** Bytes that are published of a day. */
  bytesADay: number;
  settlementsAMonth: number;
  /** Whether one payer tops up many homes in a transaction, or each home sends its own. One top-up for each settlement. */
  topUps: "together" | "alone";
}

/** Days of a month. */
const days = 30;

/** Gas of a month for one record, blobs included at their floor price. */
export function monthlyGas(gas: PilotGas, { prosumers, recordsADay, bytesADay, settlementsAMonth, topUps }: Monthly): number {
  const records = prosumers * recordsADay;
  const blobs = Math.ceil(bytesADay / blobCapacity);
  const more = Math.ceil(Math.max(0, blobs - blobsPerTransaction) / blobsPerTransaction);
  const daily = gas.commitWithBlobs + more * gas.attachBlobs + blobs * gasOfBlob;
  const topUp = topUps === "together" ? gas.depositMany : gas.deposit;
  return (days * daily + prosumers * settlementsAMonth * (gas.settleMany + topUp)) / (days * records);
}
