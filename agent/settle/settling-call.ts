import { errorCode } from "../../core/app-error.ts";
import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { ChainProbe } from "../../settlement/chain/chain-probe.ts";
import { settleCall, type SettlementCall } from "../../settlement/chain/settlement-calls.ts";
import type { SignedRecord } from "../store/record-store.ts";

/** Both signatures under a record by side; a missing one is empty. */
export function signaturesOf(known: Pick<SignedRecord, "ownSignature" | "otherSignature">, homeIsA: boolean) {
  const [own, other] = [known.ownSignature ?? "0x", known.otherSignature ?? "0x"];
  return homeIsA ? { a: own, b: other } : { a: other, b: own };
}

const keysOver = new Set(["settlement-key-over", "settlement-wrong-signer"]);

/**
 * The call that settles a record now: in full, else as far as the escrow goes, else as one that was logged while the keys
 * under it were good.
 * @throws AppError with what the chain has against it
 */
export async function settlingCall(
  known: SignedRecord,
  parts: { homeIsA: boolean; probe: Pick<ChainProbe, "dryRun">; inclusion: EpochInclusion | undefined },
): Promise<SettlementCall> {
  const signatures = signaturesOf(known, parts.homeIsA);
  const { inclusion, probe } = parts;
  const full = settleCall("settle", known.record, signatures);
  try {
    await probe.dryRun(full);
    return full;
  } catch (error) {
    const code = errorCode(error);
    const other =
      code === "settlement-insufficient-escrow"
        ? settleCall("settlePartial", known.record, signatures)
        : keysOver.has(code) && inclusion
          ? settleCall("settleLogged", known.record, signatures, inclusion)
          : null;
    if (!other) throw error;
    await probe.dryRun(other);
    return other;
  }
}
