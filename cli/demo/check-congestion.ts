import { join } from "node:path";
import { formatMicro } from "../../core/units.ts";
import { marketConfigFromYaml } from "../../market/config/market-config.ts";
import { MarketYaml } from "../../market/config/schema.ts";
import { replayed } from "../../market/flexibility/kept-step.ts";
import { prognosisOf, type Session } from "../../market/flexibility/session.ts";
import { sessionTerms } from "../../market/flexibility/session-terms.ts";
import { openMarketStore } from "../../market/store/open-market-store.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { settleOrder, type OrderSettlement } from "../../settlement/record/flex-order.ts";
import { overallVerdict } from "../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../settlement/verify/verify.ts";
import type { AggregatorApi } from "./aggregator-api.ts";
import type { PartResult } from "./demo-part.ts";

/** What the grid operator's session of a day came to, by what it has kept itself, and what its record is worth on the chain. */
export async function checkCongestion(options: {
  marketYaml: object;
  /** The grid operator's. */
  folder: string;
  day: { date: string };
  participant: string;
  limitW: number;
  api: Pick<AggregatorApi, "bundle">;
  chain: { rpcUrl: string; chainId: number; contract: string };
}): Promise<PartResult> {
  const { limitW, participant } = options;
  const config = marketConfigFromYaml(MarketYaml.parse(options.marketYaml), options.folder);
  const { slotMinutes } = config.flexibility;
  const missed: string[] = [];
  const store = await openMarketStore(join(options.folder, "market.db"));
  try {
    const terms = sessionTerms(config.flexibility, { date: options.day.date, timezone: config.timezone, slotMinutes });
    const session = replayed(terms, await store.steps(options.day.date).steps());
    const settlement = settlementOf(session);
    const record = await store.records.newest(participant);
    const wattsOf = (wh: number): number => Math.round((wh * 60) / slotMinutes);
    const inSlots = settlement?.slots ?? [];
    const orderedWh = inSlots.reduce((sum, slot) => sum + slot.orderedWh, 0);
    const deliveredWh = inSlots.reduce((sum, slot) => sum + slot.deliveredWh, 0);
    const plannedW = Math.max(0, ...prognosisOf(session, 0));
    const highestW = inSlots.length === 0 ? 0 : Math.max(...inSlots.map(({ meteredWh }) => wattsOf(meteredWh)));
    const highestOfDayW = wattsOf(Math.max(0, ...(session.seats[0]?.meteredWh ?? [])));
    const verdict =
      record?.state === "cosigned" ? await verdictOf(config.domain, record.record.seq, options) : "not signed by both";

    if (session.congestion.length === 0) missed.push(`the street's plans stayed below ${limitW} W: nothing was congested`);
    else if (!settlement) missed.push(`no order of flexibility was delivered (${session.phase.is})`);
    for (const { message } of session.shortfall) missed.push(`orders do not keep the grid's limit: ${message}`);
    if (highestOfDayW > limitW) missed.push(`${highestOfDayW} W were metered on the street, ${limitW} W is its limit`);
    if (settlement && session.seats[0]?.settled !== "agreed")
      missed.push(`the order's settlement is ${session.seats[0]?.settled}`);
    if (settlement && verdict !== "good") missed.push(`record of the order: ${verdict}`);
    const net = settlement?.netMicro ?? 0n;
    return {
      counts: {
        gridLimitW: limitW,
        gridPlannedW: plannedW,
        flexRounds: session.rounds,
        flexOrderedWh: orderedWh,
        flexDeliveredWh: deliveredWh,
        flexHighestW: highestW,
        gridHighestW: highestOfDayW,
        flexPaidMicro: Number(net),
        flexRecordsVerified: verdict === "good" ? 1 : 0,
      },
      missed,
      says: [
        `the street's plans came to ${plannedW} W, its cable bears ${limitW} W: ${session.rounds} rounds, ${orderedWh} Wh ordered, ${deliveredWh} Wh delivered`,
        `at most ${highestW} W metered in the ${inSlots.length} quarters of the order, ${highestOfDayW} W on its whole day; settled for ${formatMicro(net)} EUR, record on chain ${verdict === "good" ? "verified" : "NOT verified"}`,
      ],
    };
  } finally {
    await store.close();
  }
}

/** Of the only seat; null where nothing was ordered or metered. */
function settlementOf(session: Session): OrderSettlement | null {
  const { order, meteredWh } = session.seats[0] ?? {};
  const { hours, penalty } = session.terms;
  return order && meteredWh ? settleOrder(order, { baselineW: prognosisOf(session, 0), meteredWh, hours, penalty }) : null;
}

async function verdictOf(
  domain: string,
  seq: number,
  { api, chain: at }: Pick<Parameters<typeof checkCongestion>[0], "api" | "chain">,
): Promise<string> {
  const chain = chainClient(at);
  try {
    const findings = await verifyBundle(await api.bundle(domain, seq), chain);
    const bad = findings.find(({ verdict }) => verdict !== "good");
    return bad ? `${bad.check} ${bad.verdict}: ${bad.detail}` : overallVerdict(findings);
  } finally {
    chain.close();
  }
}
