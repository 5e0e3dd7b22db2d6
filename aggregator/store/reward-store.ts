import type { Kysely, Selectable } from "kysely";
import { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import type { StoredSlot } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

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

/** What a kWh costs more in a feeder's slot, by the contract with its grid operator. */
export interface FrozenCharge extends FrozenPrice {
  feeder: string;
  /** Hash of that contract. */
  agreement: string;
}

/** What flexibility brought in on a service day: what was saved, or who paid for it. Micro-units; may be negative. */
export interface FlexIncome {
  startMs: number;
  endMs: number;
  source: string;
  micro: bigint;
}

/** Prices and rewards of flexibility. */
export interface RewardStore {
  /** Keeps prices of slots that have not begun; the first price of a slot counts for ever. @returns how many were new */
  freezePrices(prices: readonly FrozenPrice[], nowMs: number): Promise<number>;
  /** Prices of slots that touch [from, to), in order of time. */
  frozenPrices(fromMs: number, toMs: number): Promise<FrozenPrice[]>;
  /** The same of what slots cost more at feeders. */
  freezeCharges(charges: readonly FrozenCharge[], nowMs: number): Promise<number>;
  frozenCharges(feeder: string, fromMs: number, toMs: number): Promise<FrozenCharge[]>;
  /** Import slots of any meter of a home that start in [from, to), in order of time; of one that came twice the first. */
  meterSlots(site: string, meter: string, fromMs: number, toMs: number, register?: "import" | "export"): Promise<StoredSlot[]>;
  /**
   * Keeps the rewards of a day and what they are paid from, all or, where one of them is there already, none.
   * @returns whether they were kept
   */
  addRewards(rewards: readonly StoredReward[], nowMs: number, income?: readonly FlexIncome[]): Promise<boolean>;
  /** What flexibility brought in on days that start in [from, to). */
  income(fromMs: number, toMs: number): Promise<FlexIncome[]>;
  rewardOf(site: string, startMs: number): Promise<StoredReward | null>;
  /** Rewards of one home, or of all (null), of days that start in [from, to). */
  rewards(site: string | null, fromMs: number, toMs: number): Promise<StoredReward[]>;
}

class RewardThere extends Error {}

/** Rewards that go into one statement: a database takes some ten thousand values in one. */
const together = 1000;

/** Flexibility in the aggregator's database. */
export function rewardStore(db: Kysely<Tables>): RewardStore {
  return {
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
    async freezeCharges(charges, nowMs) {
      const rows = charges
        .filter(({ startMs }) => startMs >= nowMs)
        .map(({ feeder, startMs, endMs, perKwh, agreement }) => ({
          feeder,
          start_ms: startMs,
          end_ms: endMs,
          per_kwh: String(perKwh),
          agreement,
          frozen_ms: nowMs,
        }));
      if (rows.length === 0) return 0;
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("feeder_charge")
        .values(rows)
        .onConflict((on) => on.doNothing())
        .executeTakeFirst();
      return Number(numInsertedOrUpdatedRows);
    },
    async frozenCharges(feeder, fromMs, toMs) {
      const rows = await db
        .selectFrom("feeder_charge")
        .selectAll()
        .where("feeder", "=", feeder)
        .where("end_ms", ">", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .execute();
      return rows.map(({ agreement, per_kwh: perKwh, start_ms: startMs, end_ms: endMs }) => ({
        feeder,
        agreement,
        startMs: Number(startMs),
        endMs: Number(endMs),
        perKwh: BigInt(perKwh),
      }));
    },
    async meterSlots(site, meter, fromMs, toMs, register = "import") {
      const rows = await db
        .selectFrom("item")
        .select(["start_ms", "end_ms", "wh"])
        .where("site", "=", site)
        .where("kind", "=", "slot")
        // All that there are, by name: the index begins with them.
        .where("role", "in", ["grid", "load", "pv"])
        .where("meter", "=", meter)
        .where("register", "=", register)
        .where("start_ms", ">=", fromMs)
        .where("start_ms", "<", toMs)
        .whereRef("end_ms", ">", "start_ms")
        .orderBy("start_ms")
        .orderBy("boot")
        .orderBy("seq")
        .execute();
      const slots = rows.map((row) => ({ startMs: Number(row.start_ms), endMs: Number(row.end_ms), wh: Number(row.wh) }));
      return slots.filter(({ startMs }, index) => startMs !== slots[index - 1]?.startMs);
    },
    async addRewards(rewards, nowMs, income = []) {
      if (rewards.length === 0) return true;
      try {
        await db.transaction().execute(async (tx) => {
          for (let from = 0; from < rewards.length; from += together) {
            const some = rewards.slice(from, from + together);
            const { numInsertedOrUpdatedRows } = await tx
              .insertInto("reward")
              .values(some.map((reward) => rowOf(reward, nowMs)))
              .onConflict((on) => on.doNothing())
              .executeTakeFirst();
            if (Number(numInsertedOrUpdatedRows) < some.length) throw new RewardThere();
          }
          if (income.length > 0)
            await tx
              .insertInto("flex_income")
              .values(income.map(incomeRow))
              .onConflict((on) => on.doNothing())
              .execute();
        });
        return true;
      } catch (error) {
        if (error instanceof RewardThere) return false;
        throw error;
      }
    },
    async income(fromMs, toMs) {
      const rows = await db
        .selectFrom("flex_income")
        .selectAll()
        .where("start_ms", ">=", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .orderBy("source")
        .execute();
      return rows.map(({ source, micro, start_ms: startMs, end_ms: endMs }) => ({
        startMs: Number(startMs),
        endMs: Number(endMs),
        source,
        micro: BigInt(micro),
      }));
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

const incomeRow = ({ startMs, endMs, source, micro }: FlexIncome) => ({
  start_ms: startMs,
  end_ms: endMs,
  source,
  micro: String(micro),
});

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
