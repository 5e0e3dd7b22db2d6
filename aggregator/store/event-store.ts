import type { Kysely, Selectable } from "kysely";
import type { InstructionAck } from "../../core/message/instruction.ts";
import type { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import type { Tables } from "./tables.ts";

/** A time during which a home was under control. */
export interface FlexEvent {
  site: string;
  /** The plan that was followed. */
  plan: string;
  resource: string;
  /** Hash of the agreement that it is rewarded by. */
  agreement: string;
  /** Whose import counts: the resource's own meter, or the grid meter. */
  meter: string;
  baseline: FlexibilityEvidence["events"][number]["baseline"];
  startMs: number;
  endMs: number;
  /** Rated power of the device; null for a whole house. */
  powerW: number | null;
  /** The resident took over, or the home refused the plan: the event earns nothing and costs nothing. */
  overridden: boolean;
  /** Safety or a lost line stood above the instructions for some of it: the event may earn, and costs nothing. */
  excused: boolean;
}

/** What became of a plan: null before an answer, undefined where it is not known here. */
export type PlanAnswer = InstructionAck["status"] | null | undefined;

/** What a new plan does to the times of control. */
export type EventChange =
  | { kind: "add"; event: FlexEvent }
  | { kind: "withdraw"; site: string; resource: string; fromMs: number }
  | { kind: "end"; event: Pick<FlexEvent, "site" | "plan" | "resource" | "startMs">; endMs: number };

/** Times of control. */
export interface EventStore {
  /** Keeps an event once: what comes again changes nothing. */
  addEvent(event: FlexEvent): Promise<void>;
  /** Takes back the events of a resource that begin at or after an instant: another plan stands in their place. */
  withdrawEvents(site: string, resource: string, fromMs: number): Promise<void>;
  /** Gives an event another end. */
  endEvent(event: Pick<FlexEvent, "site" | "plan" | "resource" | "startMs">, endMs: number): Promise<void>;
  /** Marks the events of a resource that run at an instant as overridden. @returns how many */
  overrideEvents(site: string, resource: string, atMs: number): Promise<number>;
  /** Marks the events of a resource that run at an instant as excused. @returns how many */
  excuseEvents(site: string, resource: string, atMs: number): Promise<number>;
  /** Marks the events of a plan that the home did not take as overridden. @returns how many */
  refuseEvents(site: string, plan: string): Promise<number>;
  /** Events of a home that touch [from, to), in order of time. */
  events(site: string, fromMs: number, toMs: number): Promise<FlexEvent[]>;
  planAnswer(site: string, plan: string): Promise<PlanAnswer>;
  /** Name of a home's grid meter, as its newest slot has it; null before the first. */
  gridMeter(site: string): Promise<string | null>;
}

/** Events in the aggregator's database. */
export function eventStore(db: Kysely<Tables>): EventStore {
  const mark = (site: string, set: { overridden: 1 } | { excused: 1 }) =>
    db.updateTable("flex_event").set(set).where("site", "=", site);
  return {
    async addEvent({ startMs, endMs, powerW, overridden, excused, ...event }) {
      const marks = { overridden: overridden ? 1 : 0, excused: excused ? 1 : 0 };
      await db
        .insertInto("flex_event")
        .values({ ...event, start_ms: startMs, end_ms: endMs, power_w: powerW, ...marks })
        .onConflict((on) => on.doNothing())
        .execute();
    },
    async withdrawEvents(site, resource, fromMs) {
      await db
        .deleteFrom("flex_event")
        .where("site", "=", site)
        .where("resource", "=", resource)
        .where("start_ms", ">=", fromMs)
        .execute();
    },
    async endEvent({ site, plan, resource, startMs }, endMs) {
      await db
        .updateTable("flex_event")
        .set({ end_ms: endMs })
        .where("site", "=", site)
        .where("plan", "=", plan)
        .where("resource", "=", resource)
        .where("start_ms", "=", startMs)
        .execute();
    },
    async overrideEvents(site, resource, atMs) {
      const { numUpdatedRows } = await mark(site, { overridden: 1 })
        .where("resource", "=", resource)
        .where("start_ms", "<=", atMs)
        .where("end_ms", ">", atMs)
        .where("overridden", "=", 0)
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    async excuseEvents(site, resource, atMs) {
      const { numUpdatedRows } = await mark(site, { excused: 1 })
        .where("resource", "=", resource)
        .where("start_ms", "<=", atMs)
        .where("end_ms", ">", atMs)
        .where("excused", "=", 0)
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    async refuseEvents(site, plan) {
      const { numUpdatedRows } = await mark(site, { overridden: 1 })
        .where("plan", "=", plan)
        .where("overridden", "=", 0)
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    async events(site, fromMs, toMs) {
      const rows = await db
        .selectFrom("flex_event")
        .selectAll()
        .where("site", "=", site)
        .where("end_ms", ">", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .orderBy("plan")
        .orderBy("resource")
        .execute();
      return rows.map(eventFrom);
    },
    async planAnswer(site, plan) {
      const row = await db
        .selectFrom("plan")
        .select("status")
        .where("plan", "=", plan)
        .where("site", "=", site)
        .executeTakeFirst();
      return row?.status;
    },
    async gridMeter(site) {
      const row = await db
        .selectFrom("item")
        .select("meter")
        .where("site", "=", site)
        .where("role", "=", "grid")
        .where("register", "=", "import")
        .orderBy("start_ms", "desc")
        .limit(1)
        .executeTakeFirst();
      return row?.meter ?? null;
    },
  };
}

function eventFrom(row: Selectable<Tables["flex_event"]>): FlexEvent {
  const { site, plan, resource, agreement, meter, baseline } = row;
  const span = { startMs: Number(row.start_ms), endMs: Number(row.end_ms) };
  const powerW = row.power_w === null ? null : Number(row.power_w);
  const marks = { overridden: Number(row.overridden) === 1, excused: Number(row.excused) === 1 };
  return { site, plan, resource, agreement, meter, baseline, ...span, powerW, ...marks };
}

/** Makes changes in their order. @param events of the transaction in which all of them are made */
export async function changeEvents(events: EventStore, changes: readonly EventChange[]): Promise<void> {
  for (const change of changes)
    if (change.kind === "add") await events.addEvent(change.event);
    else if (change.kind === "end") await events.endEvent(change.event, change.endMs);
    else await events.withdrawEvents(change.site, change.resource, change.fromMs);
}
