import { readSettlement } from "../../agent/store/read-settlement.ts";
import type { SignedRecord } from "../../agent/store/record-store.ts";
import type { SettlementStores } from "../../agent/store/settlement-stores.ts";
import { AppError } from "../../core/app-error.ts";
import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import { readAgentConfig } from "../read-agent-config.ts";

/**
 * A gateway's settlement as its files have it: configuration, signed agreement, and a way to read the database.
 * @throws AppError settlement-not-configured, and of configuration and agreement
 */
export function settledHome(configFile: string) {
  const { settlement, databaseFile, aggregator } = readAgentConfig(configFile);
  if (!settlement)
    throw new AppError("settlement-not-configured", `${configFile} has no settlement section; this home does not settle`);
  const agreement = readAgreement(settlement.agreementFile, aggregator?.gatewayId ?? "", settlement);
  const { a, b } = agreement.agreement;
  type Stores = Parameters<Parameters<typeof readSettlement>[1]>[0];
  return {
    settlement,
    agreement,
    pair: `${a}-${b}`,
    read: <T>(read: (stores: Stores) => T): T => readSettlement(databaseFile, read),
  };
}

/** One record as people and programs see it; money in micro-units as text, energy in Wh. */
export function shownRecord({ record, digest, ownSignature, otherSignature }: SignedRecord, stores: SettlementStores) {
  const { seq, kind, start, end, wh, amount, payer } = record;
  const published = stores.publications.of(digest);
  const state = otherSignature !== null ? "cosigned" : ownSignature !== null ? "signed" : "journalled";
  return {
    seq,
    kind,
    start,
    end,
    wh,
    amountMicro: amount,
    payer,
    digest,
    state,
    inclusion: inclusionOf(stores, digest),
    inclusionFinal: stores.inclusions.of(digest)?.final ?? false,
    publishedTx: published?.done === true ? published.tx : null,
  };
}

/** The epoch of a leaf without what is known of it here. */
export function inclusionOf({ inclusions }: Pick<SettlementStores, "inclusions">, leaf: string): EpochInclusion | null {
  const found = inclusions.of(leaf);
  if (!found) return null;
  const { by, epoch, root, count, proof } = found;
  return { by, epoch, root, count, proof };
}
