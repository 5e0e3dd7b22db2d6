import { randomBytes } from "node:crypto";
import { computeAddress } from "ethers/transaction";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { SettlementUp } from "../../core/message/settlement-message.ts";
import { chainClient, type ChainClient } from "../../settlement/chain/chain-client.ts";
import { fileJournal } from "../../settlement/chain/file-journal.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import type { Mined } from "../../settlement/chain/transactor.ts";
import type { AggregatorConfig, FeederConfig } from "../config/aggregator-config.ts";
import type { AggregatorSettlement, OnChain } from "../config/settlement-config.ts";
import { oneAtATime } from "../dispatch/one-at-a-time.ts";
import type { Send } from "../dispatch/sender.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import { feederAvailability, type IncomeSource } from "../reward/income.ts";
import { gridRecords } from "../flexibility/grid-records.ts";
import type { OrderOf } from "../flexibility/metered-orders.ts";
import type { SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { demandOwnPairs } from "../../settlement/record/own-pairs.ts";
import type { SignedTerms, Terms } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { anchoring } from "./anchoring.ts";
import { epochMaker } from "../../settlement/log/epoch-maker.ts";
import { epochCatchUp, ownSources } from "./catch-up-epochs.ts";
import { epochTrees } from "./epoch-trees.ts";
import { exchangeTrades } from "./exchange-trades.ts";
import { inclusion } from "./inclusion.ts";
import { logPublisher } from "../../settlement/log/log-publisher.ts";
import { fillMirrors } from "../../settlement/log/fill-mirrors.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";
import { noteSpent } from "./note-spent.ts";
import { type Proposer, proposer } from "./proposer.ts";
import { anchorPublicly } from "./public-anchor.ts";
import { type RecordRecovery, recordRecovery } from "./recover-records.ts";
import { chainResumer } from "./resume-chain.ts";
import { settleLeaving } from "./settle-leaving.ts";
import { pairSettler } from "./settle-pairs.ts";
import { signedAgreements } from "./signed-agreements.ts";
import { topUp } from "../../settlement/chain/top-up.ts";
import { unsignedWatch } from "./unsigned-watch.ts";

/** What settlement shares with the rest of the aggregator. */
interface Rooms {
  store: AggregatorStore;
  prices: PriceBook;
  feeders: readonly FeederConfig[];
  send: Send;
  /** Contract with a grid operator by which orders are paid, by the name of its records; null without one. */
  grid?: GridContract | null;
  /** What orders bring in. */
  income?: readonly IncomeSource[];
  /** Whether a home is connected and ready. */
  present: (site: string) => boolean;
  clock: Clock;
  log: Log;
}

/** See above. */
export interface GridContract {
  site: string;
  signed: SignedGridAgreement;
  /** An order by own meters; null where it is not known here, or not metered yet. */
  orderOf: OrderOf;
}

/** What a home says that has no proof of a record: no dispute about what the record says. */
const inclusionMissing = "settlement-inclusion-missing";

/**
 * Opens key, agreements and chain, and what works with them; whoever opens closes.
 * @throws AppError of key and agreement files; settlement-no-party where the agreements do not name one aggregator;
 * agreement-twice
 */
export async function openSettlement(config: AggregatorConfig, settlement: AggregatorSettlement, rooms: Rooms) {
  const { store, clock, log, send } = rooms;
  const signed = signedAgreements(config, settlement);
  const agreements = new Map([...signed].map(([site, { agreement }]) => [site, agreement]));
  const [owner, ...others] = new Set([...agreements.values()].map(({ aggregator }) => aggregator));
  if (owner === undefined || others.length > 0)
    throw new AppError(
      "settlement-no-party",
      owner === undefined
        ? "there is a settlement section, but no site has an agreement_file"
        : `the agreements name different aggregators: ${[owner, ...others].join(", ")}`,
    );
  const { grid: contract = null } = rooms;
  if (contract && contract.signed.agreement.aggregator !== owner)
    throw new AppError(
      "settlement-no-party",
      `the contract with ${contract.site} is with aggregator ${contract.signed.agreement.aggregator}, the homes' with ${owner}`,
    );
  // A grid operator's pair is settled and filled up as those of the homes are.
  const pairs = new Map<string, Terms>([
    ...agreements,
    ...(contract ? [[contract.site, contract.signed.agreement] as const] : []),
  ]);
  demandOwnPairs(pairs);
  for (const { name, grid } of rooms.feeders)
    if (grid && grid.aggregator !== owner)
      throw new AppError(
        "settlement-no-party",
        `the contract of feeder ${name} is with aggregator ${grid.aggregator}, the homes' with ${owner}`,
      );
  const note = noteSpent(store, settlement.chainId, clock);
  const { wallet, chain } = await openChain(settlement, note);
  const { anchor: anchorAt } = settlement;
  const anchorNote = noteSpent(store, anchorAt?.chainId ?? 0, clock);
  const anchor = anchorAt && (await openChain(anchorAt, anchorNote));
  const publisher = logPublisher({ store, owner, publishing: settlement.log });
  const treeOf = epochTrees(store);
  const telling = inclusion({ store, owner, treeOf, send, present: rooms.present, log });
  const settler = pairSettler({
    store,
    chain,
    owner,
    agreements: pairs,
    partial: settlement.settlePartial,
    noteSpent: note,
    clock,
    log,
  });
  const levels = settlement.topUp;
  const purse = computeAddress(wallet.privateKey).toLowerCase();
  const sites = [...agreements.keys()];
  // What the chain did not take, or was not there to take, is tried again with the next round; at the start that is all.
  const waiting = new Set(pairs.keys());
  const settleSite = oneAtATime(async (site) => {
    try {
      await settler.settleEach(site);
      waiting.delete(site);
    } catch (error) {
      waiting.add(site);
      log.warn({ site, code: errorCode(error), error: errorMessage(error) }, "not settled, tried again later");
    }
  });
  let lastFilling: Promise<void> = Promise.resolve();
  /** One after the other: two that look at the same pair at once would both fill it up. */
  const fillUp = (low: ReadonlyMap<string, Terms>): Promise<void> => {
    if (!levels) return Promise.resolve();
    const fill = () => topUp({ store, chain, owner, purse, agreements: low, levels, noteSpent: note, clock, log });
    const filling = lastFilling.then(fill);
    lastFilling = filling.catch(() => undefined);
    return filling;
  };
  const fillUpAt = oneAtATime(async (site) => {
    const agreement = agreements.get(site);
    if (!agreement) return;
    await fillUp(new Map([[site, agreement]])).catch((error: unknown) =>
      log.warn({ site, code: errorCode(error), error: errorMessage(error) }, "own escrow not filled up, tried again later"),
    );
  });
  const each = settlement.mode === "each" && settlement.settledBy === "aggregator";
  const watch = unsignedWatch({ store, agreements, chain, rule: settlement.unsigned, clock, log });
  await watch.load();
  const recovery: { records?: RecordRecovery } = {};
  const proposals = proposer({
    ...rooms,
    agreements,
    ...(config.exchange && { trades: exchangeTrades({ ...config.exchange, agreements, signer: wallet, clock, log }) }),
    feedersOf: (site) => rooms.feeders.filter((feeder) => feeder.sites.includes(site)).map(({ name }) => name),
    income: [feederAvailability(rooms.feeders, store), ...(rooms.income ?? [])],
    signer: wallet,
    chain,
    salt: () => `0x${randomBytes(32).toString("hex")}`,
    ...(each && { onCosigned: (site: string) => void settleSite(site) }),
    onEscrowShort: (site) => void fillUpAt(site),
    recovery: (tell) => (recovery.records = recordRecovery({ ...rooms, agreements, chain, tell })),
  });
  return {
    agreements: signed,
    /** Of homes, and of the grid operator. */
    termsOf: (site: string): SignedTerms | undefined => (site === contract?.site ? contract.signed : signed.get(site)),
    gridRecords:
      contract &&
      gridRecords({
        ...contract,
        store,
        chain,
        signer: wallet,
        finality: settlement.finality === "finalized" ? "finalized" : "latest",
        now: () => clock.now(),
        ...(each && { onCosigned: () => void settleSite(contract.site) }),
        log,
      }),
    owner,
    treeOf,
    rpcUrl: settlement.rpcUrl,
    pairOf: (a: string, b: string) => chain.pairOf(a, b),
    /** What was published of an epoch; null before the chain has it. */
    logBytesOf: async (epoch: number) => ((await store.isCommitted(epoch)) ? publisher.bytesOf(epoch) : null),
    proposals: {
      advance: (site: string) => proposals.advance(site).then(() => watch.look(site)),
      answer: (site: string, message: SettlementUp) =>
        message.kind === "disputed" && message.code === inclusionMissing
          ? telling.again(site, message)
          : proposals.answer(site, message).then(() => watch.look(site)),
    } satisfies Proposer,
    /** Whether a home gets no flexibility because it does not sign what it is supplied with. */
    isUnsettled: watch.isUnsettled,
    inclusion: telling,
    anchoring: anchoring({
      store,
      series: () => rooms.prices.series,
      catchUp: epochCatchUp({
        store,
        chain,
        domain: { chainId: settlement.chainId, contract: settlement.contract },
        owner,
        sources: ownSources(settlement.log.folder, settlement.log.mirrors),
        onRecords: async (records) => recovery.records?.published(records),
        now: () => clock.now(),
        log,
      }),
      resume: chainResumer({ store, chain, owner, noteSpent: note, log }),
      epochs: epochMaker({ store, chain, owner, publisher, finality: settlement.finality, noteSpent: note, log }),
      settler,
      sites: () => pairs.keys(),
      epochMs: settlement.epochMs,
      settleMs: settlement.mode === "each" ? null : settlement.settleMs,
      onEpoch: [
        () => fillUp(pairs),
        () => settleLeaving({ store, chain, owner, agreements: pairs, settler, log }),
        ...(each ? [async () => (await store.unsettledSites()).forEach((site) => waiting.add(site))] : []),
      ],
      onFinal: [
        async () => void (await Promise.all(sites.map((site) => telling.tell(site)))),
        () => fillMirrors({ store, publisher, owner, mirrors: settlement.log.mirrors, log }),
        ...(each ? [async () => void (await Promise.all([...waiting].map(settleSite)))] : []),
        ...(anchor ? [publicAnchor(anchor, { store, log, note: anchorNote })] : []),
      ],
      clock,
      log,
    }),
    close() {
      chain.close();
      anchor?.chain.close();
    },
  };
}

async function openChain({ keyFile, passphraseFile, rpcUrl, chainId, contract }: OnChain, note: Spent) {
  const wallet = await openKeystore(keyFile, readPassphrase(passphraseFile));
  const journal = fileJournal(keyFile.replace(/\.json$/, `.${chainId}.pending.json`));
  const { privateKey } = wallet;
  // Here it is known that it was paid; whoever sent it adds what it was for.
  const onMined = (what: string, mined: Mined): Promise<void> => note(what, mined, 0);
  return { wallet, chain: chainClient({ rpcUrl, chainId, contract, privateKey, journal, onMined }) };
}

/** The party there is the key's owner, or the key itself. */
function publicAnchor(
  { wallet, chain }: { wallet: { privateKey: string }; chain: ChainClient },
  { store, log, note }: Pick<Rooms, "store" | "log"> & { note: Spent },
): () => Promise<void> {
  const address = computeAddress(wallet.privateKey).toLowerCase();
  const resume = chainResumer({ store, chain, owner: null, noteSpent: note, log });
  return async () => {
    await resume();
    const by = (await chain.keyOf(address))?.owner ?? address;
    await anchorPublicly({ store, chain, by, noteSpent: note, log });
  };
}
