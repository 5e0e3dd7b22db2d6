import { expect } from "vitest";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import type { IncomeSource } from "../../../aggregator/reward/income.ts";
import type { PriceBook } from "../../../planner/price-book.ts";
import { priceBook } from "../../../planner/price-book.ts";
import type { ExchangeTrades } from "../../../aggregator/settle/exchange-trades.ts";
import { proposer, type Proposer } from "../../../aggregator/settle/proposer.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock, type FakeClock } from "../../../core/clock/fake-clock.ts";
import type { RecordWire, SettlementUp } from "../../../core/message/settlement-message.ts";
import { SettlementDown } from "../../../core/message/settlement-message.ts";
import type { ChainReader } from "../../../settlement/chain/chain-reader.ts";
import type { Agreement } from "../../../settlement/record/agreement.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import type { TypedDataSigner } from "../../../settlement/record/signature.ts";
import { addressOf, aggregator, exampleAgreement, exampleSeries, household } from "../../settlement/fixture.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { message, midnightMs, scratchStore, slotItem } from "../rows.ts";

export const site = "gw-4711";
export const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };

export interface Desk {
  clock: FakeClock;
  log: ReturnType<typeof silentLog>;
  /** What the home has received, in order. */
  down: SettlementDown[];
  proposer: Proposer;
  store: AggregatorStore;
  /** The proposer of a process that was killed and started again on the same file. */
  restart(): Promise<void>;
  network: { online: boolean; chain: boolean };
  chain: Pick<ChainReader, "partyOf">;
  /** What a second home has received, where there is one. */
  neighbour: SettlementDown[];
}

/** A second home with an agreement of the same terms. */
export const neighbourSite = "gw-4712";

/** A proposer with a real store and fake time, and the home's end of the line. */
export async function openDesk(
  change: {
    agreement?: Partial<Agreement>;
    prices?: PriceBook;
    neighbour?: true;
    income?: readonly IncomeSource[];
    feedersOf?: (site: string) => readonly string[];
    trades?: ExchangeTrades;
  } = {},
): Promise<Desk> {
  const { store, reopen } = await scratchStore();
  const clock = fakeClock(midnightMs);
  const log = silentLog();
  const down: SettlementDown[] = [];
  const neighbour: SettlementDown[] = [];
  const network = { online: true, chain: true };
  const agreement = exampleAgreement(domain, change.agreement);
  const send: Send = async (to, type, rest, body) => {
    if (!network.online) throw new AppError("mqtt-offline", "away", { temporary: true });
    if (change.neighbour && to === neighbourSite) return void neighbour.push(SettlementDown.parse(body));
    expect([to, type, rest]).toEqual([site, "settlement", "settle/supply"]);
    down.push(SettlementDown.parse(body));
  };
  const chain = {
    async partyOf(owner: string) {
      if (!network.chain) throw new AppError("chain-unreachable", "away", { temporary: true });
      const signer = owner === household.owner ? addressOf(household.signer) : null;
      return { signer, since: 0, until: Number.MAX_SAFE_INTEGER };
    },
  };
  let salts = 0;
  const make = (from: AggregatorStore): Proposer =>
    proposer({
      agreements: new Map([[site, agreement], ...(change.neighbour ? [[neighbourSite, agreement] as const] : [])]),
      signer: aggregator.signer,
      chain,
      store: from,
      ...(change.income && { income: change.income }),
      ...(change.feedersOf && { feedersOf: change.feedersOf }),
      ...(change.trades && { trades: change.trades }),
      prices: change.prices ?? priceBook([exampleSeries()]),
      send,
      salt: () => `0x${String(++salts).padStart(64, "0")}`,
      clock,
      log,
    });
  const desk: Desk = {
    clock,
    log,
    down,
    network,
    chain,
    neighbour,
    store,
    proposer: make(store),
    async restart() {
      desk.store = await reopen();
      desk.proposer = make(desk.store);
    },
  };
  return desk;
}

/** Slots of both registers: import of `whs`, no export. Numbers go on from `seq`. */
export async function reported(
  store: AggregatorStore,
  fromIndex: number,
  whs: readonly number[],
  seq = 1 + 2 * fromIndex,
  home = site,
): Promise<void> {
  const items = whs.flatMap((wh, at) => [
    slotItem(seq + 2 * at, fromIndex + at, wh),
    slotItem(seq + 2 * at + 1, fromIndex + at, 0, { register: "export" }),
  ]);
  await store.ingest(home, message(items));
}

/** The newest proposal that the home got. */
export function proposed(down: readonly SettlementDown[]): RecordWire {
  const newest = down.findLast((one) => one.kind === "proposal");
  return newest?.kind === "proposal" ? newest.record : expect.fail("nothing was proposed");
}

export async function signedBy(signer: TypedDataSigner, record: RecordWire): Promise<SettlementUp> {
  return {
    v: 1,
    kind: "signed",
    seq: record.seq,
    digest: recordDigest(domain, record),
    signature: await signRecord(signer, domain, record),
  };
}

export function disputeOf(record: RecordWire, code: string): SettlementUp {
  return {
    v: 1,
    kind: "disputed",
    seq: record.seq,
    digest: recordDigest(domain, record),
    code,
    message: "own figures differ",
    own: { wh: 7 },
  };
}
