import type { AggregatorStore } from "./aggregator-store.ts";
import type { Kysely } from "kysely";
import type { AuditedPart } from "./aggregator-store.ts";
import { auditStore } from "./audit-store.ts";
import { consentStore } from "./consent-store.ts";
import { controlStore } from "./control-store.ts";
import { disputeStore } from "./dispute-store.ts";
import { enrolmentStore } from "./enrolment-store.ts";
import { epochStore } from "./epoch-store.ts";
import { erasureStore } from "./erasure-store.ts";
import { exportStore } from "./export-store.ts";
import { fillStore } from "./fill-store.ts";
import { fleetStore } from "./fleet-store.ts";
import { flexOrderStore } from "./flex-order-store.ts";
import { itemStore } from "./item-store.ts";
import { leaseStore } from "./lease-store.ts";
import type { DatabasePlace } from "./database-place.ts";
import { openPostgres } from "./open-postgres.ts";
import { openSqlite } from "./open-sqlite.ts";
import { passingStore } from "./passing-store.ts";
import { planHistoryStore } from "./plan-history-store.ts";
import { eventStore } from "./event-store.ts";
import { planStore } from "./plan-store.ts";
import { postgresRows } from "./postgres-rows.ts";
import { recordStore } from "./record-store.ts";
import { retentionStore } from "./retention-store.ts";
import { rewardStore } from "./reward-store.ts";
import { settledSumsStore } from "./settled-sums-store.ts";
import { spendStore } from "./spend-store.ts";
import { statisticsStore } from "./statistics-store.ts";
import type { Tables } from "./tables.ts";
import type { OnQuery } from "./timed.ts";
import { tradedStore } from "./traded-store.ts";
import { tokenStore } from "./token-store.ts";

/** Opens the aggregator's store. @throws AppError of openSqlite and openPostgres */
export async function openStore(place: DatabasePlace, onQuery?: OnQuery): Promise<AggregatorStore> {
  const { db, many, freePages } =
    place.engine === "sqlite"
      ? await openSqlite(place.file, onQuery)
      : { db: await openPostgres(place, onQuery), many: postgresRows(), freePages: () => undefined };
  return {
    ...auditStore(db, auditedPart),
    ...consentStore(db),
    ...fillStore(db),
    ...itemStore(db, many),
    ...leaseStore(db),
    ...planStore(db),
    ...recordStore(db),
    ...epochStore(db),
    ...planHistoryStore(db),
    ...eventStore(db),
    ...exportStore(db),
    ...retentionStore(db),
    freePages,
    ...rewardStore(db),
    ...settledSumsStore(db),
    ...spendStore(db),
    ...statisticsStore(db),
    ...tradedStore(db),
    ...auditedPart(db),
    close: () => db.destroy(),
  };
}

const auditedPart = (db: Kysely<Tables>): AuditedPart => ({
  ...enrolmentStore(db),
  ...erasureStore(db),
  ...passingStore(db),
  ...disputeStore(db),
  ...controlStore(db),
  ...tokenStore(db),
  ...fleetStore(db),
  ...flexOrderStore(db),
});
