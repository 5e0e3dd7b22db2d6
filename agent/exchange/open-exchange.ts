import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Slot } from "../../core/slots.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { exchangeClient } from "../../settlement/exchange/exchange-client.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import type { ExchangeConfig, SettlementConfig } from "../config/agent-config.ts";
import type { OwnPrices } from "../own-prices.ts";
import { openChainChores } from "../settle/chain-chores.ts";
import { signingRoom } from "../settle/signing-room.ts";
import { watchtower } from "../settle/watchtower.ts";
import type { ControlStore } from "../store/control-store.ts";
import { exchangeHold, type ExchangeStore } from "../store/exchange-store.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { Db } from "../store/open-database.ts";
import { settlementStores } from "../store/settlement-stores.ts";
import { askInclusions } from "./ask-inclusions.ts";
import type { ExchangeParts } from "./exchange-room.ts";
import { exchangeSettling } from "./exchange-settling.ts";
import type { HouseOutlook } from "./house-outlook.ts";
import { trader } from "./trader.ts";

/** Opens key, agreement and chain of the exchange. Loaded when it is needed: ethers is heavy. @throws AppError of these files */
export async function openExchange(options: {
  exchange: ExchangeConfig;
  settlement: SettlementConfig;
  gridMeter: string;
  db: Db;
  store: ExchangeStore;
  meters: MeterStore;
  control: Pick<ControlStore, "prices">;
  prices: Pick<OwnPrices, "prices">;
  outlook: (slots: readonly Slot[]) => HouseOutlook;
  clock: Clock;
  log: Log;
}): Promise<ExchangeParts> {
  const { exchange, settlement, db, store, meters, control, gridMeter, clock, log } = options;
  const { agreement } = readAgreement(exchange.agreementFile, exchange.name, settlement);
  const signer = await openKeystore(settlement.keyFile, readPassphrase(settlement.passphraseFile));
  const { rpcUrl, chainId, contract, finality, dailyCap } = settlement;
  const chain = chainClient({ rpcUrl, chainId, contract });
  const client = exchangeClient(exchange.url, { agreement, signer, clock });
  const tower =
    settlement.watchtowerUrl === undefined ? null : watchtower(settlement.watchtowerUrl, { agreement, signer, clock });
  const pair = `${agreement.a}-${agreement.b}`;
  const stores = { ...settlementStores(db), hold: exchangeHold(db, pair, clock) };
  const chores = await openChainChores({ config: settlement, agreement, signer, chain, stores, clock, log });
  const room = signingRoom({
    agreement,
    signer,
    chain,
    finality,
    gridMeter,
    balancing: store.pricesAt,
    ...(dailyCap && { dailyCap }),
    tower,
    stores: { ...stores, meters, prices: control },
    clock,
  });
  return {
    settling: exchangeSettling({
      client,
      room,
      store,
      meters,
      gridMeter,
      countersignedWithinMs: settlement.countersignedWithinMs,
      settledWithinMs: settlement.settledWithinMs,
      clock,
      log,
    }),
    trader: trader({
      client,
      agreement,
      signer,
      store,
      outlook: options.outlook,
      tariff: options.prices.prices,
      zone: exchange.zone,
      horizonMs: exchange.horizonMs,
      orderId: () => randomBytes(8).toString("hex"),
      clock,
      log,
    }),
    async lookAfter(hasLeft) {
      await askInclusions({ client, room, ...stores, pair, nowMs: clock.now() });
      await chores.run(hasLeft);
    },
    close() {
      chores.close();
      chain.close();
    },
  };
}
