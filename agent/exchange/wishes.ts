import type { AuctionResult, ExchangeRules } from "../../core/message/exchange-http.ts";
import type { ExchangeForecast } from "../../core/message/exchange-order.ts";
import { iso } from "../../core/clock/clock.ts";
import { type PriceSeries, priceAt } from "../../core/message/price-series.ts";
import type { Slot } from "../../core/slots.ts";
import { type TradingSlot, type TradingStore, wishedOrders, type WishedOrder } from "../../planner/exchange-strategy.ts";
import type { HouseOutlook } from "./house-outlook.ts";

/** What the house has bought and sold of a slot already. */
export interface Position {
  soldWh: number;
  boughtWh: number;
}

/** Each way through a battery and its inverter, per mille. */
export const batteryPerMille = 950;

/** What the house wants of the exchange at a moment: its forecast, and the orders that follow from it. Pure. */
export function wishesOf(house: {
  slots: readonly Slot[];
  outlook: HouseOutlook;
  positions: ReadonlyMap<number, Position>;
  /** Supplier's prices; the first that covers a slot counts. */
  tariff: readonly PriceSeries[];
  results: readonly AuctionResult[];
  rules: Pick<ExchangeRules, "exchange" | "slotMinutes" | "fee">;
  participant: string;
  zone: string;
  nowMs: number;
}): { forecast: ExchangeForecast; orders: WishedOrder[] } {
  const { slots, outlook, positions, rules, participant, nowMs } = house;
  const [first] = slots;
  const forecast: ExchangeForecast = {
    v: 1,
    exchange: rules.exchange,
    participant,
    time: iso(Math.floor(nowMs / 1000) * 1000),
    start: iso(first?.startMs ?? 0),
    slotMinutes: rules.slotMinutes,
    netWh: [...outlook.netWh],
    store: outlook.battery && {
      fillWh: outlook.battery.fillWh,
      minWh: outlook.battery.minWh,
      capacityWh: outlook.battery.capacityWh,
      chargeMaxWh: outlook.battery.chargeMaxWh,
      dischargeMaxWh: outlook.battery.dischargeMaxWh,
      chargePerMille: batteryPerMille,
      dischargePerMille: batteryPerMille,
    },
  };
  const expect = expectedPrice(house.results, house.zone);
  const trading = slots.flatMap(({ startMs }, at): TradingSlot[] => {
    const series = house.tariff.find((one) => priceAt(one, "import", startMs) !== undefined);
    const [importPrice, exportPrice] = (["import", "export"] as const).map(
      (register) => series && priceAt(series, register, startMs),
    );
    if (importPrice === undefined || exportPrice === undefined) return [];
    const { soldWh = 0, boughtWh = 0 } = positions.get(startMs) ?? {};
    const fee = BigInt(rules.fee);
    const sellPrice = expect(startMs) ?? (importPrice - fee + exportPrice) / 2n;
    const netWh = (outlook.netWh[at] ?? 0) - soldWh + boughtWh;
    return [{ startMs, netWh, importPrice, exportPrice, sellPrice, buyPrice: sellPrice + fee }];
  });
  return { forecast, orders: wishedOrders(trading, storeOf(forecast, outlook, trading)) };
}

/** A kWh in the battery has cost what it would have brought, or where the house has no surplus what it costs at the cheapest. */
function storeOf(
  { store }: ExchangeForecast,
  { battery, netWh }: HouseOutlook,
  trading: readonly TradingSlot[],
): TradingStore | null {
  if (!store || !battery || trading.length === 0) return null;
  const prices = trading.map(({ importPrice, exportPrice }) => (netWh.some((wh) => wh > 0) ? exportPrice : importPrice));
  const energyCost = prices.reduce((least, price) => (price < least ? price : least));
  return { ...store, energyCost, wear: BigInt(Math.round(battery.wearPerKwh * 1_000_000)) };
}

/** What sellers of a zone are expected to get: the last price of the slot, else the mean of all slots that traded. */
function expectedPrice(results: readonly AuctionResult[], zone: string): (startMs: number) => bigint | undefined {
  const last = new Map<number, bigint>();
  for (const { start, zones } of results) {
    const price = zones.find((one) => one.zone === zone)?.sell;
    if (price !== null && price !== undefined) last.set(Date.parse(start), BigInt(price));
  }
  const all = [...last.values()];
  const mean = all.length === 0 ? undefined : all.reduce((sum, price) => sum + price, 0n) / BigInt(all.length);
  return (startMs) => last.get(startMs) ?? mean;
}
