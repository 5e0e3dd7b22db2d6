import type { Kysely, Selectable } from "kysely";
import { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { MarketTables } from "./open-market-store.ts";

/** A record of a grid operator with one aggregator (its domain), of one order. */
export interface MarketRecord {
  participant: string;
  order: string;
  record: RecordWire;
  digest: string;
  evidence: Evidence;
  /** disputed: what time does not cure; a person must look. */
  state: "proposed" | "cosigned" | "disputed";
  theirSignature: string | null;
  ownSignature: string | null;
}

/** The records that a grid operator has proposed. */
export interface MarketRecordStore {
  newest(participant: string): Promise<MarketRecord | null>;
  at(participant: string, seq: number): Promise<MarketRecord | null>;
  hasOrder(order: string): Promise<boolean>;
  /** Kept before it is sent: there is never a second body for one number, nor a second record of one order. */
  add(record: MarketRecord): Promise<void>;
  cosign(participant: string, seq: number, theirSignature: string, ownSignature: string): Promise<void>;
  dispute(participant: string, seq: number): Promise<void>;
}

/** The same in the market's database. */
export function marketRecordStore(db: Kysely<MarketTables>): MarketRecordStore {
  const ofPair = (participant: string) => db.selectFrom("record").selectAll().where("participant", "=", participant);
  return {
    async newest(participant) {
      const row = await ofPair(participant).orderBy("seq", "desc").limit(1).executeTakeFirst();
      return row ? recordFrom(row) : null;
    },
    async at(participant, seq) {
      const row = await ofPair(participant).where("seq", "=", seq).executeTakeFirst();
      return row ? recordFrom(row) : null;
    },
    async hasOrder(order) {
      return (await db.selectFrom("record").select("seq").where("order_id", "=", order).executeTakeFirst()) !== undefined;
    },
    async add({ participant, order, record, digest, evidence, state, theirSignature, ownSignature }) {
      await db
        .insertInto("record")
        .values({
          participant,
          seq: record.seq,
          order_id: order,
          body: JSON.stringify(record),
          digest,
          evidence: JSON.stringify(evidence),
          state,
          their_signature: theirSignature,
          own_signature: ownSignature,
        })
        .execute();
    },
    async cosign(participant, seq, theirSignature, ownSignature) {
      await db
        .updateTable("record")
        .set({ state: "cosigned", their_signature: theirSignature, own_signature: ownSignature })
        .where("participant", "=", participant)
        .where("seq", "=", seq)
        .execute();
    },
    async dispute(participant, seq) {
      await db
        .updateTable("record")
        .set({ state: "disputed" })
        .where("participant", "=", participant)
        .where("seq", "=", seq)
        .execute();
    },
  };
}

const recordFrom = (row: Selectable<MarketTables["record"]>): MarketRecord => ({
  participant: row.participant,
  order: row.order_id,
  record: RecordWire.parse(JSON.parse(row.body)),
  digest: row.digest,
  evidence: Evidence.parse(JSON.parse(row.evidence)),
  state: row.state,
  theirSignature: row.their_signature,
  ownSignature: row.own_signature,
});
