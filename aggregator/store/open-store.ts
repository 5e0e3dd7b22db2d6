import type { AggregatorStore } from "./aggregator-store.ts";
import { consentStore } from "./consent-store.ts";
import { disputeStore } from "./dispute-store.ts";
import { enrolmentStore } from "./enrolment-store.ts";
import { epochStore } from "./epoch-store.ts";
import { erasureStore } from "./erasure-store.ts";
import { itemStore } from "./item-store.ts";
import { openSqlite } from "./open-sqlite.ts";
import { passingStore } from "./passing-store.ts";
import { planStore } from "./plan-store.ts";
import { recordStore } from "./record-store.ts";
import { spendStore } from "./spend-store.ts";
import { statisticsStore } from "./statistics-store.ts";

/** Opens the aggregator's store in an SQLite file. @throws AppError of openSqlite */
export async function openStore(file: string): Promise<AggregatorStore> {
  const db = await openSqlite(file);
  return {
    ...consentStore(db),
    ...itemStore(db),
    ...planStore(db),
    ...recordStore(db),
    ...epochStore(db),
    ...passingStore(db),
    ...disputeStore(db),
    ...spendStore(db),
    ...statisticsStore(db),
    ...enrolmentStore(db),
    ...erasureStore(db),
    close: () => db.destroy(),
  };
}
