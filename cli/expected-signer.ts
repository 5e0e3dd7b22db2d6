import type { AgentConfig, SettlementConfig } from "../agent/config/agent-config.ts";
import { AppError, errorCode } from "../core/app-error.ts";
import { householdOf, type Agreement } from "../settlement/record/agreement.ts";
import { chainClient } from "../settlement/chain/chain-client.ts";
import { readAgreement } from "../settlement/record/read-agreement.ts";

type Settled = AgentConfig & { settlement: SettlementConfig };

/** The agreement of this gateway. @throws AppError as readAgreement, enrol-not-enrolled */
export function agreementOf({ settlement, aggregator }: Settled): Agreement {
  if (!aggregator)
    throw new AppError("enrol-not-enrolled", "without its id nobody knows whose agreement this is; run smart-mla enrol CODE");
  return readAgreement(settlement.agreementFile, aggregator.gatewayId, settlement).agreement;
}

/** The signer that the chain has of an owner, lower case; null where it knows none. @throws AppError chain-unreachable, … */
export async function partyOnChain(settlement: SettlementConfig, owner: string): Promise<string | null> {
  const chain = chainClient({ rpcUrl: settlement.rpcUrl, chainId: settlement.chainId, contract: settlement.contract });
  try {
    return (await chain.partyOf(owner)).signer;
  } finally {
    chain.close();
  }
}

/**
 * Which key the household's has to be: by the chain where it can be asked, else by the agreement. Undefined where neither
 * can be: a gateway is often restored before it is connected.
 */
export async function expectedSigner(config: Settled): Promise<{ signer: string; by: string } | undefined> {
  let agreement: Agreement;
  try {
    agreement = agreementOf(config);
  } catch (error) {
    if (!["agreement-unreadable", "enrol-not-enrolled"].includes(errorCode(error))) throw error;
    return undefined;
  }
  const owner = householdOf(agreement);
  const registered = await partyOnChain(config.settlement, owner).catch((error: unknown) => {
    if (error instanceof AppError && error.temporary) return null;
    throw error;
  });
  if (registered !== null) return { signer: registered, by: "the chain" };
  return { signer: agreement.a === owner ? agreement.signerA : agreement.signerB, by: "the agreement" };
}
