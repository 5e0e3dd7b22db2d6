import { type Kysely, sql } from "kysely";
import { type InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { AggregatorStore } from "./aggregator-store.ts";
import { changeEvents, type EventChange, eventStore } from "./event-store.ts";
import { grouped } from "./grouped.ts";
import { checkFence, type Fence } from "./lease-store.ts";
import type { Tables } from "./tables.ts";

type PlanStore = Pick<
  AggregatorStore,
  | "saveResource"
  | "resources"
  | "saveStatus"
  | "statuses"
  | "savePlans"
  | "unanswered"
  | "answerPlan"
  | "plans"
  | "reserveSequence"
>;

/** Plans of a home that wait for their commit. `lost`: why they were not kept. */
interface Saving {
  rows: ReturnType<typeof planRow>[];
  changes: readonly EventChange[];
  fence: Fence | undefined;
  lost: unknown;
}

/** A home's answer to a plan. */
interface Answered {
  site: string;
  plan: string;
  answer: { status: InstructionAck["status"]; code: string | null; message: string | null; answered_ms: number | null };
}

/** Nine values each; SQLite takes 32,766 in a statement. */
const rowsOfStatement = 1000;

const keyOf = ({ name, token }: Fence): string => `${token} ${name}`;

/** PostgreSQL keeps no such character: in one home's words it would keep the others' answers out, too. */
const keepable = (text: string | null): string | null => text?.replaceAll("\0", "") ?? null;

const planRow = (site: string, plan: InstructionList, sentMs: number) => ({
  site,
  resource: plan.resource,
  plan: plan.plan,
  body: JSON.stringify(plan),
  sent_ms: sentMs,
  status: null,
  code: null,
  answered_ms: null,
  message: null,
});

/** What homes offer, what they were told and what they answered. */
export function planStore(db: Kysely<Tables>): PlanStore {
  /** The newest word of each appliance, of many homes in one commit. */
  const newestWords = (table: "resource" | "status") =>
    grouped<{ site: string; resource: string; body: string }>((said) => {
      const rows = [...new Map(said.map((row) => [`${row.site} ${row.resource}`, row])).values()];
      return db.transaction().execute(async (tx) => {
        for (let at = 0; at < rows.length; at += rowsOfStatement)
          await tx
            .insertInto(table)
            .values(rows.slice(at, at + rowsOfStatement))
            .onConflict((on) => on.columns(["site", "resource"]).doUpdateSet({ body: (eb) => eb.ref("excluded.body") }))
            .execute();
      });
    });
  // Homes tell the state of all their appliances at once, every few minutes, and describe them when they connect.
  const [saveResource, saveStatus] = [newestWords("resource"), newestWords("status")];
  // A decision for a thousand homes has a thousand answers.
  const saveAnswers = grouped<Answered>((answers) =>
    db.transaction().execute(async (tx) => {
      for (const { site, plan, answer } of answers)
        await tx.updateTable("plan").set(answer).where("site", "=", site).where("plan", "=", plan).execute();
    }),
  );
  // A decision for a thousand homes is one commit.
  const savePlans = grouped<Saving>((savings) =>
    db.transaction().execute(async (tx) => {
      const lost = new Map<string, unknown>();
      for (const { name, token } of new Map(savings.flatMap(({ fence }) => (fence ? [[keyOf(fence), fence]] : []))).values())
        await checkFence(tx, { name, token }).catch((error: unknown) => lost.set(keyOf({ name, token }), error));
      for (const saving of savings) saving.lost = saving.fence && lost.get(keyOf(saving.fence));
      const rows = savings.flatMap((saving) => (saving.lost === undefined ? saving.rows : []));
      for (let at = 0; at < rows.length; at += rowsOfStatement)
        await tx
          .insertInto("plan")
          .values(rows.slice(at, at + rowsOfStatement))
          .execute();
      const events = eventStore(tx);
      for (const { changes, lost: why } of savings) if (why === undefined) await changeEvents(events, changes);
    }),
  );
  const newest = (site: string) =>
    db
      .selectFrom("plan")
      .selectAll()
      .where("site", "=", site)
      .where("id", "in", (eb) =>
        eb.selectFrom("plan").select(eb.fn.max("id").as("id")).where("site", "=", site).groupBy("resource"),
      );
  const list = (body: string): InstructionList => InstructionList.parse(JSON.parse(body));
  return {
    saveResource: (site, resource) => saveResource({ site, resource: resource.resource, body: JSON.stringify(resource) }),
    async resources(site) {
      const rows = await db.selectFrom("resource").select("body").where("site", "=", site).orderBy("resource").execute();
      return rows.map(({ body }) => Resource.parse(JSON.parse(body)));
    },
    saveStatus: (site, status) => saveStatus({ site, resource: status.resource, body: JSON.stringify(status) }),
    async statuses(site) {
      const rows = await db.selectFrom("status").select("body").where("site", "=", site).orderBy("resource").execute();
      return rows.map(({ body }) => ResourceStatus.parse(JSON.parse(body)));
    },
    async savePlans(site, plans, sentMs, fence, changes = []) {
      if (plans.length === 0) return;
      const saving: Saving = { rows: plans.map((plan) => planRow(site, plan, sentMs)), changes, fence, lost: undefined };
      await savePlans(saving);
      if (saving.lost !== undefined) throw saving.lost;
    },
    async unanswered(site) {
      const rows = await newest(site).where("status", "is", null).execute();
      return rows.map(({ body }) => list(body));
    },
    answerPlan(site, plan, status, code, more) {
      const said = { code: keepable(code), message: keepable(more?.message ?? null) };
      return saveAnswers({ site, plan, answer: { status, ...said, answered_ms: more?.atMs ?? null } });
    },
    async plans(site) {
      const rows = await newest(site).orderBy("resource").execute();
      return rows.map(({ body, status, code }) => ({ list: list(body), status, code }));
    },
    async reserveSequence(count, least) {
      // One statement: whoever reserves at the same time waits for its end.
      const { next } = await db
        .insertInto("sequence")
        .values({ name: "envelope", next: Math.max(1, least) + count })
        .onConflict((on) =>
          on.column("name").doUpdateSet({
            next: sql<number>`case when sequence.next < ${least} then ${least} else sequence.next end + ${count}`,
          }),
        )
        .returning("next")
        .executeTakeFirstOrThrow();
      return Number(next) - count;
    },
  };
}
