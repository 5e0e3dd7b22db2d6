import { inclusionStore, type InclusionStore } from "./inclusion-store.ts";
import type { Db } from "./open-database.ts";
import { publicationStore, type PublicationStore } from "./publication-store.ts";
import { recordStore, type RecordStore } from "./record-store.ts";
import { holdStore, type HoldStore } from "./settlement-hold.ts";
import { statementStore, type StatementStore } from "./statement-store.ts";

/** All that settlement keeps in the agent's database. */
export interface SettlementStores {
  records: RecordStore;
  hold: HoldStore;
  inclusions: InclusionStore;
  publications: PublicationStore;
  statements: StatementStore;
}

/** These in one database. */
export function settlementStores(db: Db): SettlementStores {
  return {
    records: recordStore(db),
    hold: holdStore(db),
    inclusions: inclusionStore(db),
    publications: publicationStore(db),
    statements: statementStore(db),
  };
}
