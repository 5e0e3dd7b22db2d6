import { AppError } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { chainClient, type ChainClient } from "../../settlement/chain/chain-client.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { gridOperatorOf, type SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { demandOwnPairs } from "../../settlement/record/own-pairs.ts";
import { readGridContract } from "../../settlement/record/read-grid-contract.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { MarketConfig } from "../config/market-config.ts";

/** Key, chain and contracts by which orders are paid. Whoever opens it closes the chain. */
export interface Paying {
  agreements: ReadonlyMap<string, SignedGridAgreement>;
  signer: TypedDataSigner;
  chain: ChainClient;
}

/**
 * Null where orders are only agreed on.
 * @throws AppError of key and contract files; agreement-elsewhere where a contract pays other prices than the configuration, or is
 * another grid operator's; agreement-twice
 */
export async function openPaying(config: MarketConfig, log: Log): Promise<Paying | null> {
  const { settlement, flexibility, currency, timezone } = config;
  if (!settlement) return null;
  const agreements = new Map<string, SignedGridAgreement>();
  for (const { domain, agreementFile } of flexibility.participants) {
    if (agreementFile === undefined) continue;
    const signed = readGridContract(agreementFile, { ...settlement, currency, timezone });
    const { orders } = signed.agreement;
    if (orders?.penaltyPerKwh !== String(flexibility.penalty) || BigInt(orders.reservePerKwh) < flexibility.reserve)
      throw new AppError(
        "agreement-elsewhere",
        `${agreementFile} agrees on a penalty of ${orders?.penaltyPerKwh} and a reserve price of ${orders?.reservePerKwh}; the configuration has ${flexibility.penalty} and ${flexibility.reserve}`,
      );
    agreements.set(domain, signed);
  }
  demandOwnPairs([...agreements].map(([domain, { agreement }]) => [domain, agreement]));
  const owners = new Set([...agreements.values()].map(({ agreement }) => gridOperatorOf(agreement)));
  if (owners.size > 1)
    throw new AppError("agreement-elsewhere", `the contracts are of different grid operators: ${[...owners].join(", ")}`);
  const unpaid = flexibility.participants.filter(({ domain }) => !agreements.has(domain)).map(({ domain }) => domain);
  if (unpaid.length > 0) log.warn({ participants: unpaid }, "without agreement_file their orders are only agreed on");
  const { keyFile, passphraseFile, rpcUrl, chainId, contract } = settlement;
  const signer = await openKeystore(keyFile, readPassphrase(passphraseFile));
  return { agreements, signer, chain: chainClient({ rpcUrl, chainId, contract }) };
}
