import type { Kysely } from "kysely";
import { iso } from "../../core/clock/clock.ts";
import type { Deed } from "./audit-store.ts";
import { checkFence, type Fence, fenced } from "./lease-store.ts";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";
import { addInstants, addThinned, type Bite, bounded, deleteReadings, deleteSlots, type SlotBounds } from "./thin-rows.ts";

const dayMs = 24 * 3_600_000;

/**
 * Deletes what is old, a bite at a time. Each gives how many rows went, less than the limit once no more are due. A row goes
 * only once all of its run before it is here, so that its receipt was given; what was counted of it stays counted.
 */
export interface RetentionStore {
  /** Homes of which there is anything that may be old. */
  keptSites(): Promise<string[]>;
  /** Start of the earliest record that a home has not signed, or has a dispute about, ms; null where all is settled. */
  openSince(site: string): Promise<number | null>;
  /** Start of the earliest slot of the grid meter at or after an instant, ms. */
  earliestSlot(site: string, register: "import" | "export", fromMs: number): Promise<number | null>;
  /** Start of the newest import slot of the grid meter, ms. */
  newestSlot(site: string): Promise<number | null>;
  /** End of the last of the days in a row from an instant on of which a home's rewards are reckoned, ms. */
  reckonedUpTo(site: string, fromMs: number): Promise<number>;
  /** Single readings and switchings. */
  deleteReadings(site: string, beforeMs: number, bite: Bite): Promise<number>;
  /** Slots but the newest of each meter's role and register, and gaps. */
  deleteSlots(site: string, bounds: SlotBounds, bite: Bite): Promise<number>;
  /** Plans but the newest of each appliance and those of events. */
  deletePlans(site: string, sentBeforeMs: number, bite: Bite): Promise<number>;
  deleteEvents(site: string, endBeforeMs: number, bite: Bite): Promise<number>;
  /**
   * Prices of flexibility that were frozen, of all homes; orders of grid operators that were agreed on before, and prognoses of
   * days that ended before.
   */
  deletePrices(endBeforeMs: number, bite: Bite): Promise<number>;
  /** What operators said and has ended, what feeders' limits cost; the newest word stays. */
  deleteLimits(beforeMs: number, bite: Bite): Promise<number>;
  /** Entries of the audit log, in whose place one says how many. */
  deleteAudit(beforeMs: number, bite: Bite, deedOf: (entries: number) => Deed): Promise<number>;
  /** Gives pages of deleted rows back to the disk; only SQLite has it done from here. */
  freePages(): void;
}

/** The same in the aggregator's database. */
export function retentionStore(db: Kysely<Tables>): Omit<RetentionStore, "freePages"> {
  const write = <T>(fence: Fence | undefined, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> => fenced(db, fence, work);
  return {
    async keptSites() {
      const found = new Set<string>();
      for (const table of ["run", "plan", "flex_event"] as const) {
        const rows = await db
          .selectFrom(table as "run")
          .select("site")
          .distinct()
          .execute();
        for (const { site } of rows) found.add(site);
      }
      return [...found].toSorted();
    },
    async openSince(site) {
      const record = await db
        .selectFrom("record")
        .select((eb) => eb.fn.min("start_ms").as("start_ms"))
        .where("site", "=", site)
        .where("state", "<>", "cosigned")
        .executeTakeFirst();
      const disputes = await db
        .selectFrom("dispute")
        .select(["record", "at_ms"])
        .where("site", "=", site)
        .where("state", "=", "open")
        .execute();
      const starts = disputes.map(({ record: text, at_ms: atMs }) => {
        const start = text === null ? undefined : (JSON.parse(text) as { start?: string }).start;
        return start === undefined ? Number(atMs) : Date.parse(start);
      });
      if (record?.start_ms != null) starts.push(Number(record.start_ms));
      return starts.length === 0 ? null : Math.min(...starts);
    },
    async earliestSlot(site, register, fromMs) {
      const row = await db
        .selectFrom("item")
        .select((eb) => eb.fn.min("start_ms").as("start_ms"))
        .where("site", "=", site)
        .where("role", "=", "grid")
        .where("register", "=", register)
        .where("start_ms", ">=", fromMs)
        .executeTakeFirst();
      return row?.start_ms == null ? null : Number(row.start_ms);
    },
    async newestSlot(site) {
      const row = await db
        .selectFrom("item")
        .select((eb) => eb.fn.max("start_ms").as("start_ms"))
        .where("site", "=", site)
        .where("role", "=", "grid")
        .where("register", "=", "import")
        .executeTakeFirst();
      return row?.start_ms == null ? null : Number(row.start_ms);
    },
    async reckonedUpTo(site, fromMs) {
      const rows = await db
        .selectFrom("reward")
        .select(["start_ms", "end_ms"])
        .where("site", "=", site)
        .where("start_ms", ">=", fromMs)
        .orderBy("start_ms")
        .execute();
      let reachedMs = fromMs;
      for (const { start_ms: startMs, end_ms: endMs } of rows) if (Number(startMs) === reachedMs) reachedMs = Number(endMs);
      return reachedMs;
    },
    async deleteReadings(site, beforeMs, { limit, fence }) {
      while ((await write(fence, (tx) => addInstants(tx, site, limit))) === limit);
      return write(fence, (tx) => deleteReadings(tx, site, beforeMs, limit));
    },
    deleteSlots: (site, bounds, { limit, fence }) => write(fence, (tx) => deleteSlots(tx, site, bounds, limit)),
    deletePlans: (site, sentBeforeMs, { limit, fence }) =>
      write(fence, async (tx) => {
        const plans = await tx
          .selectFrom("plan")
          .select(["id", "status"])
          .where("site", "=", site)
          .where("sent_ms", "<", bounded(sentBeforeMs))
          .where("id", "not in", (eb) =>
            eb.selectFrom("plan").select(eb.fn.max("id").as("id")).where("site", "=", site).groupBy("resource"),
          )
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom("flex_event")
                  .select("flex_event.plan")
                  .where("flex_event.site", "=", site)
                  .whereRef("flex_event.plan", "=", "plan.plan"),
              ),
            ),
          )
          .orderBy("id")
          .limit(limit)
          .execute();
        if (plans.length === 0) return 0;
        await tx
          .deleteFrom("plan")
          .where(
            "id",
            "in",
            plans.map(({ id }) => id),
          )
          .execute();
        const count = (status: string): number => plans.filter((plan) => plan.status === status).length;
        await addThinned(tx, site, { plans_accepted: count("ACCEPTED"), plans_rejected: count("REJECTED") });
        return plans.length;
      }),
    deleteEvents: (site, endBeforeMs, { fence }) =>
      write(fence, async (tx) => {
        const { numDeletedRows } = await tx
          .deleteFrom("flex_event")
          .where("site", "=", site)
          .where("end_ms", "<", bounded(endBeforeMs))
          .executeTakeFirstOrThrow();
        return Number(numDeletedRows);
      }),
    deletePrices: (endBeforeMs, { fence }) =>
      write(fence, async (tx) => {
        let rows = 0;
        for (const table of ["flex_price", "feeder_charge"] as const) {
          const deleted = await tx
            .deleteFrom(table as "flex_price")
            .where("end_ms", "<", bounded(endBeforeMs))
            .executeTakeFirstOrThrow();
          rows += Number(deleted.numDeletedRows);
        }
        const orders = await tx
          .deleteFrom("flex_order")
          .where("agreed_ms", "<", bounded(endBeforeMs))
          .where("end_ms", "<", bounded(endBeforeMs))
          .executeTakeFirstOrThrow();
        // A local day: a day more is over everywhere.
        const date = iso(Math.max(0, endBeforeMs - dayMs)).slice(0, 10);
        const prognoses = await tx.deleteFrom("flex_prognosis").where("date", "<", date).executeTakeFirstOrThrow();
        return rows + Number(orders.numDeletedRows + prognoses.numDeletedRows);
      }),
    deleteLimits: (limitMs, { fence }) =>
      write(fence, async (tx) => {
        const beforeMs = bounded(limitMs);
        const words = await tx
          .deleteFrom("operator_word")
          .where((eb) => eb.or([eb("ended_ms", "<", beforeMs), eb("until_ms", "<", beforeMs)]))
          // Numbers are not used twice: the audit log names them.
          .where("id", "<", (eb) => eb.selectFrom("operator_word").select(eb.fn.max("id").as("id")))
          .executeTakeFirstOrThrow();
        const shortfalls = await tx
          .deleteFrom("feeder_shortfall")
          .where("at_ms", "<", beforeMs)
          .where("end_ms", "<", beforeMs)
          .executeTakeFirstOrThrow();
        const curtailments = await tx.deleteFrom("curtailment").where("day_ms", "<", beforeMs).executeTakeFirstOrThrow();
        return Number(words.numDeletedRows + shortfalls.numDeletedRows + curtailments.numDeletedRows);
      }),
    deleteAudit: (beforeMs, { limit, fence }, deedOf) =>
      serially(db, async (tx) => {
        if (fence) await checkFence(tx, fence);
        const old = await tx
          .selectFrom("audit_entry")
          .select("id")
          .where("at_ms", "<", beforeMs)
          // What was noted of an earlier deletion stays.
          .where("action", "<>", "retain.audit")
          .orderBy("id")
          .limit(limit)
          .execute();
        if (old.length === 0) return 0;
        const { detail, atMs: at_ms, ...deed } = deedOf(old.length);
        // First, so that the newest number is never free again.
        await tx
          .insertInto("audit_entry")
          .values({ ...deed, at_ms, detail: JSON.stringify(detail) })
          .execute();
        await tx.updateTable("audit_kept").set({ from_ms: beforeMs }).where("from_ms", "<", beforeMs).execute();
        await tx
          .deleteFrom("audit_entry")
          .where(
            "id",
            "in",
            old.map(({ id }) => id),
          )
          .execute();
        return old.length;
      }),
  };
}
