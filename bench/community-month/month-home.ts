import { join } from "node:path";
import { signingRoom } from "../../agent/settle/signing-room.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { settlementStores } from "../../agent/store/settlement-stores.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { SettlementDown, SettlementUp } from "../../core/message/settlement-message.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import type { MonthParty } from "./parties.ts";
import type { outboxRows } from "./metered-slots.ts";

/** The settlement side of a gateway: its own ledger, its journal and its checks, as they run in a home. */
export function monthHome(options: {
  folder: string;
  site: string;
  agreement: Agreement;
  party: MonthParty;
  chain: ChainClient;
  series: PriceSeries;
  clock: Clock;
}) {
  const db = openDatabase(join(options.folder, `${options.site}.db`));
  // Nobody pulls the plug of a bench.
  db.pragma("synchronous = OFF");
  const meters = meterStore(db);
  const prices = controlStore(db);
  prices.savePrices(options.series);
  const room = signingRoom({
    agreement: options.agreement,
    signer: options.party.signer,
    chain: options.chain,
    finality: "latest",
    gridMeter: "grid",
    stores: { ...settlementStores(db), meters, prices },
    clock: options.clock,
  });
  const keep = db.transaction((rows: ReturnType<typeof outboxRows>) => {
    meters.addSlots(
      rows.map(({ meter, register, start, end, wh }) => ({
        meter,
        register,
        startMs: Date.parse(start),
        endMs: Date.parse(end),
        wh,
        quality: "valid" as const,
        clockSynced: true,
      })),
    );
  });
  return {
    keep: (rows: ReturnType<typeof outboxRows>): void => keep(rows),
    /** The answer to what the aggregator says; none to what needs none. */
    async hear(message: SettlementDown): Promise<SettlementUp | undefined> {
      if (message.kind === "proposal") return room.answer(message.record, message.evidence);
      if (message.kind === "countersigned") await room.countersigned(message.seq, message.digest, message.signature);
      return undefined;
    },
    close: (): void => void db.close(),
  };
}
