import { AppError } from "../../core/app-error.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { OwnSlot, OwnTrading } from "./check-record.ts";
import type { SettlementDomain } from "./domain.ts";
import { orderSigner } from "./order-signature.ts";
import { tradeHash } from "./trade-legs.ts";

/** Why a trade or a correction is not signed; `wh` is the own figure where there is one. */
interface TradeProblem {
  code: string;
  message: string;
  wh?: number;
}

/**
 * Whether a trade follows from an own order that was not used up. Its figures are for dueOf to check. Codes:
 * settlement-no-rule, -order-not-ours, -trade-twice, -order-oversold.
 */
export function checkTrade(
  record: RecordWire,
  { trade: found }: Evidence,
  domain: SettlementDomain,
  trading: OwnTrading | undefined,
): TradeProblem | undefined {
  if (!trading || !found) return notAtExchange(record);
  const { trade, own } = found;
  const signer = signerOr(() => orderSigner(domain, own.order, own.signature));
  if (!trading.orderKeys.includes(signer))
    return problem("settlement-order-not-ours", `the order of the trade is signed by ${signer}, which is no key of this house`);
  const ref = tradeHash(trade);
  if (trading.trades.some((before) => tradeHash(before.trade) === ref))
    return problem("settlement-trade-twice", `trade ${ref} is in a record that was signed before`);
  if (Date.parse(trade.end) <= trading.lostUntilMs)
    return problem("settlement-trade-twice", `trade ${ref} may be in a record that the journal here has lost`);
  const before = trading.trades.filter((one) => one.own.order.orderId === own.order.orderId);
  const usedWh = before.reduce((sum, one) => sum + one.trade.wh, 0);
  if (usedWh + trade.wh <= own.order.wh) return undefined;
  return problem(
    "settlement-order-oversold",
    `order ${own.order.orderId} is for ${own.order.wh} Wh, of which ${usedWh} Wh were traded before, and now ${trade.wh} Wh`,
    own.order.wh - usedWh,
  );
}

/**
 * Whether a correction has the own trades of its slot and what the own meter shows. Codes: settlement-no-rule,
 * -trade-twice, -energy-differs, -energy-missing.
 */
export function checkDeviation(
  record: RecordWire,
  { deviation }: Evidence,
  ownSlots: readonly OwnSlot[],
  trading: OwnTrading | undefined,
): TradeProblem | undefined {
  if (!trading || !deviation) return notAtExchange(record);
  const { side, tradedWh, doneWh, trades } = deviation;
  if (trading.corrected.includes(side) || Date.parse(record.end) <= trading.lostUntilMs)
    return problem("settlement-trade-twice", `what was traded to ${side} in the slot of ${record.start} was corrected before`);
  const own = trading.trades.filter((one) => one.own.order.side === side);
  const ownWh = own.reduce((sum, { trade }) => sum + trade.wh, 0);
  const hashes = own.map(({ trade }) => tradeHash(trade)).toSorted();
  if (ownWh !== tradedWh || hashes.length !== trades.length || hashes.some((hash, at) => hash !== trades[at]))
    return problem(
      "settlement-energy-differs",
      `${tradedWh} Wh in ${trades.length} trades, here ${ownWh} Wh in ${hashes.length}`,
    );
  const register = side === "sell" ? "export" : "import";
  const metered = ownSlots.filter(
    (slot) => slot.register === register && slot.startMs >= Date.parse(record.start) && slot.endMs <= Date.parse(record.end),
  );
  const coveredMs = metered.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  if (coveredMs !== Date.parse(record.end) - Date.parse(record.start))
    return problem("settlement-energy-missing", `the own ledger has not all ${register} of ${record.start} to ${record.end}`);
  const meteredWh = metered.reduce((sum, { wh }) => sum + wh, 0);
  if (doneWh === Math.min(meteredWh, tradedWh)) return undefined;
  return problem("settlement-energy-differs", `${doneWh} Wh were done, the own meter shows ${meteredWh} Wh`, meteredWh);
}

const problem = (code: string, message: string, wh?: number): TradeProblem => ({
  code,
  message,
  ...(wh !== undefined && { wh }),
});

/** Only with an exchange is there such a thing, and only with what it follows from. */
const notAtExchange = ({ kind }: RecordWire): TradeProblem =>
  problem("settlement-no-rule", `records of kind ${kind} are signed with an exchange, and with what was traded`);

function signerOr(recover: () => string): string {
  try {
    return recover();
  } catch (error) {
    if (error instanceof AppError) return "nobody";
    throw error;
  }
}
