import type { Kysely, Selectable } from "kysely";
import { InstructionList } from "../../core/message/instruction.ts";
import { type Fence, fenced } from "./lease-store.ts";
import type { Tables } from "./tables.ts";

/** Whom an operator's word is about. */
export type ControlScope = { kind: "home" | "feeder"; name: string } | { kind: "all" };

/**
 * What an operator has said: pause: no new instructions; reduce: flexible loads off or least, at once; limit: of a feeder, not
 * above its own.
 */
export interface OperatorWord {
  id: number;
  word: "pause" | "reduce" | "limit";
  scope: ControlScope;
  atMs: number;
  /** Null: until somebody takes it back. */
  untilMs: number | null;
  /** Of a limit, W; null of the others. */
  limitW: number | null;
}

/** Slots in which a feeder's limit could not be kept by any plan. */
export interface KeptShortfall {
  feeder: string;
  kind: "import-limit" | "export-limit";
  startMs: number;
  endMs: number;
  /** The most that is beyond the limit, W. */
  amountW: number;
  /** When it was planned. */
  atMs: number;
}

/** What a home's wishes miss because of a limit, on a day. */
export interface Curtailment {
  site: string;
  /** Start of the UTC day on which it was planned. */
  dayMs: number;
  wh: number;
}

/** What a plan could not meet. */
export interface LimitCosts {
  shortfalls?: readonly KeptShortfall[];
  curtailments?: readonly Curtailment[];
}

/** What operators said, and what limits cost the homes. */
export interface ControlStore {
  /** @returns its number */
  addWord(word: Omit<OperatorWord, "id">): Promise<number>;
  /** Ends what was said about exactly this scope and has not ended. @returns how many */
  endWords(scope: ControlScope, nowMs: number): Promise<number>;
  /** What holds at an instant, oldest first. */
  wordsAt(nowMs: number): Promise<OperatorWord[]>;
  /** Those that were planned in [from, to), oldest first. */
  shortfalls(fromMs: number, toMs: number): Promise<KeptShortfall[]>;
  /**
   * Keeps what limits cost, all or nothing. Of the plans of one day the largest curtailment of a home counts: every plan names what
   * is missed anew.
   * @param fence the lease under which the homes were planned
   * @throws AppError lease-lost
   */
  addLimitCosts(costs: LimitCosts, fence?: Fence): Promise<void>;
  /** From a day on. */
  curtailments(fromMs: number): Promise<Curtailment[]>;
  /** Accepted plans of a home that were made in [from, to), oldest first. */
  acceptedPlans(site: string, fromMs: number, toMs: number): Promise<{ list: InstructionList; atMs: number }[]>;
}

/** The same in the aggregator's database. */
export function controlStore(db: Kysely<Tables>): ControlStore {
  return {
    async addWord({ word, scope, atMs, untilMs, limitW }) {
      const { id } = await db
        .insertInto("operator_word")
        .values({ word, scope: scope.kind, name: nameOf(scope), at_ms: atMs, until_ms: untilMs, ended_ms: null, limit_w: limitW })
        .returning("id")
        .executeTakeFirstOrThrow();
      return Number(id);
    },
    async endWords(scope, nowMs) {
      const { numUpdatedRows } = await db
        .updateTable("operator_word")
        .set({ ended_ms: nowMs })
        .where("scope", "=", scope.kind)
        .where("name", "=", nameOf(scope))
        .where("ended_ms", "is", null)
        .where((eb) => eb.or([eb("until_ms", "is", null), eb("until_ms", ">", nowMs)]))
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    async wordsAt(nowMs) {
      const rows = await db
        .selectFrom("operator_word")
        .selectAll()
        .where("ended_ms", "is", null)
        .where((eb) => eb.or([eb("until_ms", "is", null), eb("until_ms", ">", nowMs)]))
        .orderBy("id")
        .execute();
      return rows.map(wordFrom);
    },
    async addLimitCosts({ shortfalls = [], curtailments = [] }, fence) {
      if (shortfalls.length + curtailments.length === 0) return;
      await fenced(db, fence, async (tx) => {
        if (shortfalls.length > 0) await tx.insertInto("feeder_shortfall").values(shortfalls.map(shortfallRow)).execute();
        for (const { site, dayMs, wh } of curtailments)
          await tx
            .insertInto("curtailment")
            .values({ site, day_ms: dayMs, wh })
            .onConflict((on) =>
              on
                .columns(["site", "day_ms"])
                .doUpdateSet({ wh: (eb) => eb.ref("excluded.wh") })
                .where("curtailment.wh", "<", wh),
            )
            .execute();
      });
    },
    async shortfalls(fromMs, toMs) {
      const rows = await db
        .selectFrom("feeder_shortfall")
        .selectAll()
        .where("at_ms", ">=", fromMs)
        .where("at_ms", "<", toMs)
        .orderBy("id")
        .execute();
      return rows.map(({ feeder, kind, start_ms, end_ms, amount_w, at_ms }) => ({
        feeder,
        kind,
        startMs: Number(start_ms),
        endMs: Number(end_ms),
        amountW: Number(amount_w),
        atMs: Number(at_ms),
      }));
    },
    async curtailments(fromMs) {
      const rows = await db.selectFrom("curtailment").selectAll().where("day_ms", ">=", fromMs).orderBy("day_ms").execute();
      return rows.map(({ site, day_ms, wh }) => ({ site, dayMs: Number(day_ms), wh: Number(wh) }));
    },
    async acceptedPlans(site, fromMs, toMs) {
      const rows = await db
        .selectFrom("plan")
        .select(["body", "sent_ms"])
        .where("site", "=", site)
        .where("status", "=", "ACCEPTED")
        .where("sent_ms", ">=", fromMs)
        .where("sent_ms", "<", toMs)
        .orderBy("id")
        .execute();
      return rows.map(({ body, sent_ms }) => ({ list: InstructionList.parse(JSON.parse(body)), atMs: Number(sent_ms) }));
    },
  };
}

const shortfallRow = ({ feeder, kind, startMs, endMs, amountW, atMs }: KeptShortfall) => ({
  feeder,
  kind,
  start_ms: startMs,
  end_ms: endMs,
  amount_w: amountW,
  at_ms: atMs,
});

const nameOf = (scope: ControlScope): string => (scope.kind === "all" ? "" : scope.name);

function wordFrom(row: Selectable<Tables["operator_word"]>): OperatorWord {
  return {
    id: Number(row.id),
    word: row.word,
    scope: row.scope === "all" ? { kind: "all" } : { kind: row.scope, name: row.name },
    atMs: Number(row.at_ms),
    untilMs: row.until_ms === null ? null : Number(row.until_ms),
    limitW: row.limit_w === null ? null : Number(row.limit_w),
  };
}
