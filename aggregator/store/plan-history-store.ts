import { type Kysely, sql } from "kysely";
import { type InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import type { Tables } from "./tables.ts";

/** A plan of one appliance with what became of it. */
export interface PastPlan {
  id: number;
  list: InstructionList;
  sentMs: number;
  /** The plan of the appliance before it. */
  supersedes: string | null;
  /** The next plan that the home accepted; one that it rejects takes nothing's place. */
  supersededBy: string | null;
  answer: { status: InstructionAck["status"]; code: string | null; message: string | null; atMs: number | null } | null;
}

/** All plans that are kept. */
export interface PlanHistoryStore {
  /** Newest first, those before a number, of one home and all its appliances or one. */
  planHistory(site: string, which: { resource?: string; before?: number; limit: number }): Promise<PastPlan[]>;
}

/** The same in the aggregator's database. */
export function planHistoryStore(db: Kysely<Tables>): PlanHistoryStore {
  return {
    async planHistory(site, { resource, before, limit }) {
      let query = db
        .selectFrom("plan")
        .selectAll()
        .select([
          sql<string | null>`(select one.plan from plan as one where one.site = plan.site and one.resource = plan.resource
            and one.id < plan.id order by one.id desc limit 1)`.as("supersedes"),
          sql<string | null>`(select one.plan from plan as one where one.site = plan.site and one.resource = plan.resource
            and one.id > plan.id and one.status = 'ACCEPTED' order by one.id limit 1)`.as("superseded_by"),
        ])
        .where("site", "=", site)
        .orderBy("id", "desc")
        .limit(limit);
      if (resource !== undefined) query = query.where("resource", "=", resource);
      if (before !== undefined) query = query.where("id", "<", before);
      return (await query.execute()).map((row) => ({
        id: Number(row.id),
        list: InstructionList.parse(JSON.parse(row.body)),
        sentMs: Number(row.sent_ms),
        supersedes: row.supersedes,
        supersededBy: row.superseded_by,
        answer: row.status && {
          status: row.status,
          code: row.code,
          message: row.message,
          atMs: row.answered_ms === null ? null : Number(row.answered_ms),
        },
      }));
    },
  };
}
