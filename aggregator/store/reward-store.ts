import type { Kysely, Selectable } from "kysely";
import { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import type { StoredSlot } from "./aggregator-store.ts";
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
  baseline: "ten_of_ten" | "charge_now";
  startMs: number;
  endMs: number;
  /** Rated power of the device; null for a whole house. */
  powerW: number | null;
  /** The resident took over: the event earns nothing and costs nothing. */
  overridden: boolean;
}

/** What a kWh is worth in a slot, as it was fixed before the slot began. Micro-units per kWh. */
export interface FrozenPrice {
  startMs: number;
  endMs: number;
  perKwh: bigint;
}

/** What a home gets for one service day. Money in micro-units. */
export interface StoredReward {
  site: string;
  startMs: number;
  endMs: number;
  /** Hash of the agreement; the plans stand in the evidence. */
  agreement: string;
  /** What its flexibility earned, netted. */
  earned: bigint;
  amount: bigint;
  /** Null where nothing was controlled. */
  evidence: FlexibilityEvidence | null;
}

/** Events, prices and rewards of flexibility. */
export interface RewardStore {
  /** Keeps an event once: what comes again changes nothing. */
  addEvent(event: FlexEvent): Promise<void>;
  /** Marks the events of a resource that run at an instant as overridden. @returns how many */
  overrideEvents(site: string, resource: string, atMs: number): Promise<number>;
  /** Events of a home that touch [from, to), in order of time. */
  events(site: string, fromMs: number, toMs: number): Promise<FlexEvent[]>;
  /** Keeps prices of slots that have not begun; the first price of a slot counts for ever. @returns how many were new */
  freezePrices(prices: readonly FrozenPrice[], nowMs: number): Promise<number>;
  /** Prices of slots that touch [from, to), in order of time. */
  frozenPrices(fromMs: number, toMs: number): Promise<FrozenPrice[]>;
  /** Import slots of any meter of a home that start in [from, to), in order of time; of one that came twice the first. */
  meterSlots(site: string, meter: string, fromMs: number, toMs: number): Promise<StoredSlot[]>;
  /** Keeps the rewards of a day, all or, where one of them is there already, none. @returns whether they were kept */
  addRewards(rewards: readonly StoredReward[], nowMs: number): Promise<boolean>;
  rewardOf(site: string, startMs: number): Promise<StoredReward | null>;
  /** Rewards of one home, or of all (null), of days that start in [from, to). */
  rewards(site: string | null, fromMs: number, toMs: number): Promise<StoredReward[]>;
}

class RewardThere extends Error {}

/** Flexibility in the aggregator's database. */
export function rewardStore(db: Kysely<Tables>): RewardStore {
  return {
    async addEvent({ startMs, endMs, powerW, overridden, ...event }) {
      const row = { ...event, start_ms: startMs, end_ms: endMs, power_w: powerW, overridden: overridden ? 1 : 0 };
      await db
        .insertInto("flex_event")
        .values(row)
        .onConflict((on) => on.doNothing())
        .execute();
    },
    async overrideEvents(site, resource, atMs) {
      const { numUpdatedRows } = await db
        .updateTable("flex_event")
        .set({ overridden: 1 })
        .where("site", "=", site)
        .where("resource", "=", resource)
        .where("start_ms", "<=", atMs)
        .where("end_ms", ">", atMs)
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
    async freezePrices(prices, nowMs) {
      const rows = prices
        .filter(({ startMs }) => startMs >= nowMs)
        .map(({ startMs, endMs, perKwh }) => ({
          start_ms: startMs,
          end_ms: endMs,
          per_kwh: String(perKwh),
          frozen_ms: nowMs,
        }));
      if (rows.length === 0) return 0;
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("flex_price")
        .values(rows)
        .onConflict((on) => on.doNothing())
        .executeTakeFirst();
      return Number(numInsertedOrUpdatedRows);
    },
    async frozenPrices(fromMs, toMs) {
      const rows = await db
        .selectFrom("flex_price")
        .selectAll()
        .where("end_ms", ">", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .execute();
      return rows.map((row) => ({ startMs: Number(row.start_ms), endMs: Number(row.end_ms), perKwh: BigInt(row.per_kwh) }));
    },
    async meterSlots(site, meter, fromMs, toMs) {
      const rows = await db
        .selectFrom("item")
        .select(["start_ms", "end_ms", "wh"])
        .where("site", "=", site)
        .where("kind", "=", "slot")
        .where("meter", "=", meter)
        .where("register", "=", "import")
        .where("start_ms", ">=", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .orderBy("boot")
        .orderBy("seq")
        .execute();
      const slots = rows.map((row) => ({ startMs: Number(row.start_ms), endMs: Number(row.end_ms), wh: Number(row.wh) }));
      return slots.filter(({ startMs }, index) => startMs !== slots[index - 1]?.startMs);
    },
    async addRewards(rewards, nowMs) {
      if (rewards.length === 0) return true;
      try {
        await db.transaction().execute(async (tx) => {
          const { numInsertedOrUpdatedRows } = await tx
            .insertInto("reward")
            .values(rewards.map((reward) => rowOf(reward, nowMs)))
            .onConflict((on) => on.doNothing())
            .executeTakeFirst();
          if (Number(numInsertedOrUpdatedRows) < rewards.length) throw new RewardThere();
        });
        return true;
      } catch (error) {
        if (error instanceof RewardThere) return false;
        throw error;
      }
    },
    async rewardOf(site, startMs) {
      const row = await db
        .selectFrom("reward")
        .selectAll()
        .where("site", "=", site)
        .where("start_ms", "=", startMs)
        .executeTakeFirst();
      return row ? rewardFrom(row) : null;
    },
    async rewards(site, fromMs, toMs) {
      let query = db.selectFrom("reward").selectAll().where("start_ms", ">=", fromMs).where("start_ms", "<", toMs);
      if (site !== null) query = query.where("site", "=", site);
      return (await query.orderBy("start_ms").orderBy("site").execute()).map(rewardFrom);
    },
  };
}

function eventFrom(row: Selectable<Tables["flex_event"]>): FlexEvent {
  const { site, plan, resource, agreement, meter, baseline } = row;
  const span = { startMs: Number(row.start_ms), endMs: Number(row.end_ms) };
  const powerW = row.power_w === null ? null : Number(row.power_w);
  return { site, plan, resource, agreement, meter, baseline, ...span, powerW, overridden: Number(row.overridden) === 1 };
}

function rowOf({ site, startMs, endMs, agreement, earned, amount, evidence }: StoredReward, nowMs: number) {
  const money = { earned: String(earned), amount: String(amount) };
  const text = evidence && JSON.stringify(evidence);
  return { site, start_ms: startMs, end_ms: endMs, agreement, ...money, evidence: text, at_ms: nowMs };
}

function rewardFrom(row: Selectable<Tables["reward"]>): StoredReward {
  return {
    site: row.site,
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    agreement: row.agreement,
    earned: BigInt(row.earned),
    amount: BigInt(row.amount),
    evidence: row.evidence === null ? null : FlexibilityEvidence.parse(JSON.parse(row.evidence)),
  };
}
