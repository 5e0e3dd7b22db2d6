import { randomBytes } from "node:crypto";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { SignedAgreement } from "../../settlement/agreement.ts";
import { chainClient } from "../../settlement/chain-client.ts";
import { openKeystore } from "../../settlement/keystore.ts";
import { readAgreement } from "../../settlement/read-agreement.ts";
import { readPassphrase } from "../../settlement/read-passphrase.ts";
import type { AggregatorConfig, AggregatorSettlement } from "../config/aggregator-config.ts";
import type { Send } from "../dispatch/sender.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { anchor } from "./anchor.ts";
import { proposer } from "./proposer.ts";

/** What settlement shares with the rest of the aggregator. */
interface Rooms {
  store: AggregatorStore;
  prices: PriceBook;
  send: Send;
  clock: Clock;
  log: Log;
}

/**
 * Opens key, agreements and chain, and what works with them; whoever opens closes.
 * @throws AppError of key and agreement files; settlement-no-party where the agreements do not name one aggregator
 */
export async function openSettlement(config: AggregatorConfig, settlement: AggregatorSettlement, rooms: Rooms) {
  const signed = new Map<string, SignedAgreement>();
  for (const { site, agreementFile } of config.sites)
    if (agreementFile) signed.set(site, readAgreement(agreementFile, site, settlement));
  const agreements = new Map([...signed].map(([site, { agreement }]) => [site, agreement]));
  const wallet = await openKeystore(settlement.keyFile, readPassphrase(settlement.passphraseFile));
  const [owner, ...others] = new Set([...agreements.values()].map(({ aggregator }) => aggregator));
  if (owner === undefined || others.length > 0)
    throw new AppError(
      "settlement-no-party",
      owner === undefined
        ? "there is a settlement section, but no site has an agreement_file"
        : `the agreements name different aggregators: ${[owner, ...others].join(", ")}`,
    );
  const { rpcUrl, chainId, contract } = settlement;
  const chain = chainClient({ rpcUrl, chainId, contract, privateKey: wallet.privateKey });
  return {
    agreements: signed,
    owner,
    rpcUrl,
    proposals: proposer({ ...rooms, agreements, signer: wallet, chain, salt: () => `0x${randomBytes(32).toString("hex")}` }),
    anchoring: anchor({ store: rooms.store, chain, owner, agreements, log: rooms.log }),
    close: () => chain.close(),
  };
}
