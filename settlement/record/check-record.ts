import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { TradeEvidence } from "../../core/message/exchange-trade.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, OrderEvidence, RecordWire, SettlementUp } from "../../core/message/settlement-message.ts";
import type { PairState } from "../chain/chain-reader.ts";
import { chargeNow } from "./charge-now.ts";
import { checkDeviation, checkTrade } from "./check-trade.ts";
import { dueOf } from "./due.ts";
import { evenly } from "./evenly.ts";
import { recordDigest, zeroHash } from "./record.ts";
import { evidenceHash, pricesHash } from "./reference-hash.ts";
import { tradedOfSlots } from "./residual.ts";
import { agreementHash, domainOf, type Terms } from "./sign-agreement.ts";

/** Energy of one slot in the gateway's own ledger; instants in ms. */
export interface OwnSlot {
  register: "import" | "export";
  startMs: number;
  endMs: number;
  wh: number;
}

/** Import of one slot of any meter in the gateway's own ledger; instants in ms. */
export interface MeterSlot {
  meter: string;
  startMs: number;
  endMs: number;
  wh: number;
}

/** A device of the home with a meter of its own, as the gateway's configuration has it. */
export interface MeteredDevice {
  resource: string;
  meter: string;
  /** What it draws when it runs by itself, W. */
  powerW: number;
}

/** A service period that a signed record already covers; register "none" stands for rewards. Trades cover nothing. */
export interface CoveredPeriod {
  register: Evidence["register"];
  startMs: number;
  endMs: number;
}

/** What a participant of an exchange knows of its trades in one delivery slot. */
export interface OwnTrading {
  /** Addresses of the keys whose signature under an order is the household's own. */
  orderKeys: readonly string[];
  /** Trades of the slot that were signed before, and sides of it of which a correction was. */
  trades: readonly TradeEvidence[];
  corrected: readonly ("buy" | "sell")[];
  /** Trades that ended by then may have been signed by a journal that was lost, ms; -Infinity where none was. */
  lostUntilMs: number;
}

/** All that the gateway knows by itself. */
export interface RecordContext {
  /** Newest record that the gateway has signed for this pair, null before the first. */
  previous: RecordWire | null;
  agreement: Terms;
  /** Price series that the gateway accepted for the period; null for a reward. */
  series: PriceSeries | null;
  /** Own slots that touch the period; slots outside it or of the other register are ignored. */
  ownSlots: readonly OwnSlot[];
  /** Own slots of the meters that evidence of flexibility names, as far back as it goes; none for all else. */
  meterSlots?: readonly MeterSlot[];
  /** Devices whose baselines are recomputed; without it none is. */
  devices?: readonly MeteredDevice[];
  /** Periods of this pair that were settled before; at least all that can overlap. */
  covered: readonly CoveredPeriod[];
  /**
   * What the house traded at an exchange, by register and start of the quarter (ms): bought counts for import, sold for export.
   * None where it trades nowhere.
   */
  tradedWh?: Readonly<Record<"import" | "export", ReadonlyMap<number, number>>>;
  /** Of a pair with an exchange: what its trades and corrections are checked against. */
  trading?: OwnTrading;
  /** Of a record of kind flexibility: the order as it is known here, with own meters; null where it is not, or not metered yet. */
  order?: OrderEvidence | null;
  /**
   * The pair on chain, to see that the payer has the money: as of the newest block, and of the newest that cannot be undone.
   * In each it must suffice; none skips that check.
   */
  pairs: readonly PairState[];
  nowMs: number;
}

/** The gateway's own figures in a dispute. */
export type OwnFigures = Extract<SettlementUp, { kind: "disputed" }>["own"];

/** Why a record is not signed. */
export interface Objection {
  ok: false;
  code: string;
  message: string;
  own: OwnFigures;
}

/** How far the proposer's clock may be ahead. */
const clockSkewMs = 60_000;

/**
 * Whether the gateway should sign a proposed record. Pure; it assumes that proposal and context passed their schemas.
 * Codes of objections: settlement-wrong-party, -bad-record, -wrong-agreement, -outside-agreement, -future, -seq-gap,
 * -wrong-prev, -overlap, -wrong-evidence, -wrong-period, -split-slot (the period begins or ends within a slot),
 * -bad-evidence, -baseline-differs, -no-rule, -trades-differ, -energy-missing (own slots are not there yet), -energy-differs, -price-differs, -no-price, -mixed-price, -wrong-currency, -amount-differs, -wrong-payer,
 * -wrong-cumulative, -escrow-short; of trades and corrections those of checkTrade, checkDeviation and tradeDue.
 */
export function checkRecord(
  proposal: { record: RecordWire; evidence: Evidence },
  context: RecordContext,
): { ok: true } | Objection {
  try {
    for (const check of [checkTerms, checkPlace, checkEnergy, checkMoney, checkEscrow]) {
      const objection = check(proposal.record, proposal.evidence, context);
      if (objection) return objection;
    }
    return { ok: true };
  } catch (error) {
    if (error instanceof AppError) return object(error.code, error.message);
    throw error;
  }
}

function checkTerms(record: RecordWire, _: Evidence, { agreement, nowMs }: RecordContext): Objection | undefined {
  if (record.a !== agreement.a || record.b !== agreement.b)
    return object("settlement-wrong-party", `the record is between ${record.a} and ${record.b}, the agreement between others`);
  recordDigest(domainOf(agreement), record);
  const terms = agreementHash(agreement);
  if (record.agreement !== terms)
    return object("settlement-wrong-agreement", `the record follows agreement ${record.agreement}, ours is ${terms}`);
  const [startMs, endMs] = periodOf(record);
  if (startMs < Date.parse(agreement.from) || endMs > Date.parse(agreement.until))
    return object("settlement-outside-agreement", `the agreement runs from ${agreement.from} until ${agreement.until}`);
  if (endMs > nowMs) return object("settlement-future", `the service period ends at ${record.end}, which has not come`);
  if (Date.parse(record.time) < endMs)
    return object("settlement-bad-record", `proposed at ${record.time}, before its service period ended`);
  if (Date.parse(record.time) > nowMs + clockSkewMs)
    return object("settlement-future", `proposed at ${record.time}, in the future`);
  return undefined;
}

function checkPlace(
  record: RecordWire,
  evidence: Evidence,
  { previous, agreement, covered }: RecordContext,
): Objection | undefined {
  const prev = previous ? recordDigest(domainOf(agreement), previous) : zeroHash;
  const seq = (previous?.seq ?? 0) + 1;
  if (record.seq !== seq) return object("settlement-seq-gap", `record ${record.seq} proposed, the next one is ${seq}`, { prev });
  if (record.prev !== prev)
    return object("settlement-wrong-prev", `the record before this one has another digest here`, { prev });
  const [startMs, endMs] = periodOf(record);
  if (isOfExchange(record) || record.kind === "flexibility") return undefined;
  const overlap = covered.find(
    (period) => period.register === evidence.register && period.startMs < endMs && startMs < period.endMs,
  );
  if (overlap)
    return object(
      "settlement-overlap",
      `${evidence.register === "none" ? "reward" : evidence.register} was settled from ${iso(overlap.startMs)} to ${iso(overlap.endMs)}`,
    );
  return undefined;
}

function checkEnergy(record: RecordWire, evidence: Evidence, context: RecordContext): Objection | undefined {
  const { ownSlots, meterSlots = [], devices, agreement, trading, tradedWh } = context;
  if (record.ref !== evidenceHash(evidence))
    return object("settlement-wrong-evidence", "the evidence that came along has another hash than the record says");
  const [startMs, endMs] = periodOf(record);
  if (record.kind === "flexibility") {
    const { order } = context;
    if (!order) return object("settlement-energy-missing", "the order is not known here, or not metered yet");
    if (evidenceHash({ register: "none", slots: [], order }) === record.ref) return undefined;
    return object("settlement-energy-differs", `order ${order.reference} has other figures here than the evidence says`);
  }
  if (isOfExchange(record)) {
    const problem =
      record.kind === "trade"
        ? checkTrade(record, evidence, domainOf(agreement), trading)
        : checkDeviation(record, evidence, ownSlots, trading);
    return problem && object(problem.code, problem.message, problem.wh === undefined ? {} : { wh: problem.wh });
  }
  const touching = ownSlots
    .filter((slot) => slot.register === evidence.register && slot.startMs < endMs && startMs < slot.endMs)
    .toSorted((one, other) => one.startMs - other.startMs);
  const split = touching.find((slot) => slot.startMs < startMs || slot.endMs > endMs);
  if (split)
    return object(
      "settlement-split-slot",
      `slot ${iso(split.startMs)} to ${iso(split.endMs)} lies only partly in the service period; end it at a slot's end`,
    );
  const own = new Map(touching.map((slot) => [`${slot.startMs}-${slot.endMs}`, slot.wh]));
  let ownWh = 0;
  for (const wh of own.values()) ownWh += wh;
  const given = new Map((evidence.traded ?? []).map(({ start, end, wh }) => [`${Date.parse(start)}-${Date.parse(end)}`, wh]));
  const takes = evidence.register === "none" ? [] : tradedOfSlots(touching, tradedWh?.[evidence.register] ?? new Map());
  for (const [at, slot] of touching.entries()) {
    const key = `${slot.startMs}-${slot.endMs}`;
    if ((takes[at] ?? 0) !== (given.get(key) ?? 0))
      return object(
        "settlement-trades-differ",
        `of slot ${iso(slot.startMs)} ${takes[at] ?? 0} Wh were traded at the exchange, the evidence says ${given.get(key) ?? 0} Wh`,
        { wh: ownWh - takes.reduce((sum, wh) => sum + wh, 0) },
      );
  }
  for (const slot of evidence.slots) {
    const key = `${Date.parse(slot.start)}-${Date.parse(slot.end)}`;
    const wh = own.get(key);
    if (wh === undefined)
      return object("settlement-energy-missing", `the own ledger has no slot ${slot.start} to ${slot.end}`, { wh: ownWh });
    const metered = slot.wh + (given.get(key) ?? 0);
    if (wh !== metered)
      return object("settlement-energy-differs", `slot ${slot.start} has ${metered} Wh, the own ledger ${wh} Wh`, { wh: ownWh });
    own.delete(key);
  }
  if (own.size > 0)
    return object("settlement-energy-differs", `${own.size} slots of the own ledger are not in the evidence`, { wh: ownWh });
  if (evidence.register === "none") return checkEvents(evidence, meterSlots) ?? checkBaselines(evidence, devices);
  // Time that no slot covers may still get its energy: signed now as nothing, it could never be settled again.
  let coveredUntilMs = startMs;
  for (const slot of touching) {
    if (slot.startMs > coveredUntilMs) break;
    coveredUntilMs = Math.max(coveredUntilMs, slot.endMs);
  }
  if (coveredUntilMs < endMs)
    return object("settlement-energy-missing", `the own ledger has no ${evidence.register} slot at ${iso(coveredUntilMs)} yet`, {
      wh: ownWh,
    });
  return undefined;
}

/** What a reward for flexibility says that meters showed is what they showed here. */
function checkEvents({ flexibility }: Evidence, meterSlots: readonly MeterSlot[]): Objection | undefined {
  if (!flexibility) return undefined;
  const own = new Map(meterSlots.map((slot) => [`${slot.meter} ${slot.startMs}-${slot.endMs}`, slot.wh]));
  for (const { meter, slots } of flexibility.events)
    for (const { start, end, meteredWh } of slots) {
      const wh = own.get(`${meter} ${Date.parse(start)}-${Date.parse(end)}`);
      if (wh === undefined)
        return object("settlement-energy-missing", `the own ledger has no slot ${start} to ${end} of meter ${meter}`);
      if (wh !== meteredWh)
        return object(
          "settlement-energy-differs",
          `slot ${start} of meter ${meter} has ${meteredWh} Wh, the own ledger ${wh} Wh`,
        );
    }
  return undefined;
}

/** Baselines of single devices follow from what their meters showed; that of a whole house needs a history that is not looked at. */
function checkBaselines({ flexibility }: Evidence, devices: readonly MeteredDevice[] | undefined): Objection | undefined {
  for (const { resource, meter, baseline, slots } of devices && flexibility ? flexibility.events : []) {
    if (baseline === "ten_of_ten") continue;
    const device = devices?.find((one) => one.resource === resource && one.meter === meter);
    if (!device) return object("settlement-wrong-evidence", `meter ${meter} is not one of ${resource} alone`);
    const metered = slots.map(({ start, end, meteredWh }) => ({
      startMs: Date.parse(start),
      endMs: Date.parse(end),
      wh: meteredWh,
    }));
    const [first, last] = [metered[0], metered.at(-1)];
    if (!first || !last) continue;
    const own =
      baseline === "evenly" ? evenly(metered) : chargeNow({ startMs: first.startMs, endMs: last.endMs }, metered, device.powerW);
    const differs = slots.findIndex(({ baselineWh }, at) => baselineWh !== own[at]);
    if (differs >= 0)
      return object(
        "settlement-baseline-differs",
        `without control ${resource} would have drawn ${own[differs]} Wh from ${slots[differs]?.start}, not ${slots[differs]?.baselineWh} Wh`,
      );
  }
  return undefined;
}

function checkMoney(
  record: RecordWire,
  evidence: Evidence,
  { agreement, series, previous }: RecordContext,
): Objection | undefined {
  const due = dueOf(record, evidence, agreement, series);
  if (!due) return object("settlement-no-rule", `the agreement has no rule for records of kind ${record.kind}`);
  const own = { wh: due.wh, amount: String(due.amount) };
  if (record.prices !== (record.kind === "reward" || !series ? zeroHash : pricesHash(series)))
    return object("settlement-price-differs", "the record was made with another price series than the one here", own);
  if (record.wh !== due.wh)
    return object("settlement-energy-differs", `the record says ${record.wh} Wh, its slots ${due.wh} Wh`, own);
  if (BigInt(record.amount) !== due.amount)
    return object(
      "settlement-amount-differs",
      `the record says ${record.amount} micro-units, prices and energy ${due.amount}`,
      own,
    );
  if (record.payer !== due.payer) return object("settlement-wrong-payer", `${due.payer} has to pay, not ${record.payer}`, own);
  const cumA = BigInt(previous?.cumA ?? "0") + (due.payer === record.a ? due.amount : 0n);
  const cumB = BigInt(previous?.cumB ?? "0") + (due.payer === record.b ? due.amount : 0n);
  if (BigInt(record.cumA) !== cumA || BigInt(record.cumB) !== cumB)
    return object(
      "settlement-wrong-cumulative",
      `the totals must be ${cumA} and ${cumB}, not ${record.cumA} and ${record.cumB}`,
      own,
    );
  return undefined;
}

/**
 * As the contract does it: what is unpaid on both sides is netted, then the side that owes more must have it. What that side
 * has announced to take out does not count: it may be gone before this record is settled.
 */
function checkEscrow(record: RecordWire, _: Evidence, { pairs }: RecordContext): Objection | undefined {
  for (const pair of pairs) {
    const objection = checkPair(record, pair);
    if (objection) return objection;
  }
  return undefined;
}

function checkPair(record: RecordWire, pair: PairState): Objection | undefined {
  const due = pair.open + BigInt(record.cumA) - pair.cumA - (BigInt(record.cumB) - pair.cumB);
  const [payer, owed, balance, leaving] =
    due >= 0n ? [record.a, due, pair.balanceA, pair.leavingA] : [record.b, -due, pair.balanceB, pair.leavingB];
  if (owed > balance - leaving)
    return object(
      "settlement-escrow-short",
      `${payer} would owe ${owed} micro-units with ${balance} in escrow, of which it takes out ${leaving}; it must deposit first`,
    );
  return undefined;
}

/** What is settled with an exchange has no register of the meter, and several records may have one period. */
const isOfExchange = ({ kind }: RecordWire): boolean => kind === "trade" || kind === "correction";
const periodOf = (record: RecordWire): [startMs: number, endMs: number] => [Date.parse(record.start), Date.parse(record.end)];
const object = (code: string, message: string, own: OwnFigures = {}): Objection => ({ ok: false, code, message, own });
