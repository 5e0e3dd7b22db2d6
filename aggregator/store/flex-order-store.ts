import type { Kysely, Selectable } from "kysely";
import { z } from "zod";
import { leewaySlots, type PowerBounds, UftpMessage } from "../../core/message/uftp.ts";
import type { Tables } from "./tables.ts";

/** One congestion point on one local day. */
export interface FlexDay {
  point: string;
  date: string;
}

const Watts = z.array(z.int());
const Leeway = z.object({ mostW: Watts, leastW: Watts });
/** JSON knows no Infinity, which is no limit. */
const LimitW = z.union([z.number(), z.literal(Infinity), z.null()]).transform((watts) => watts ?? Infinity);
const Relied = z.object({
  homes: z.array(z.object({ site: z.string(), resources: z.array(z.string()).readonly() })).readonly(),
  limits: z
    .array(z.object({ feeder: z.string(), slots: z.array(z.object({ startMs: z.int(), limitW: LimitW })).readonly() }))
    .readonly(),
});
const KeptPrognosis = z.object({
  revision: z.int(),
  messageId: z.string(),
  conversation: z.string(),
  /** Of the first prognosis, what homes do if nobody asks. */
  powerW: Watts,
  parties: z.int(),
  cost: z.string(),
  /** Nothing is offered for the day any more. */
  withdrawn: z.boolean().default(false),
  /** Told before it, the oldest first: the grid operator may have refused those after one, as too late. */
  earlier: z.array(z.object({ messageId: z.string(), powerW: Watts })).default([]),
  /** On what offers of the day rest; null where an older version has kept it. */
  relied: Relied.nullable().default(null),
});
/** What was told to the grid operator about a day, the newest revision. */
export type KeptPrognosis = z.infer<typeof KeptPrognosis>;

/** An offer that can be carried out and so may be ordered. */
export interface KeptOffer extends FlexDay {
  id: string;
  price: bigint;
  powerW: readonly number[];
  revoked: boolean;
}

/** An order that binds. */
export interface KeptOrder extends FlexDay {
  reference: string;
  timezone: string;
  slotMinutes: number;
  startMs: number;
  endMs: number;
  powerW: readonly number[];
  /** By the prognosis without it. */
  baselineW: readonly number[];
  /** 1 where less was asked for, -1 where more, 0 where a slot only changes with the others. */
  asked: readonly number[];
  /** How far it may be left in slots with 0. */
  leeway: PowerBounds;
  price: bigint;
  penaltyPerKwh: bigint;
  orderedMs: number;
  /** What it came to, once both agree; below 0 it is owed to the grid operator. */
  netMicro: bigint | null;
  agreedMs: number | null;
}

/** A settlement that waits for own meters, with the message that proposed it. */
export interface OpenSettlement {
  reference: string;
  message: Extract<UftpMessage, { Message: "FlexSettlement" }>;
  sinceMs: number;
}

/** What an aggregator has told and promised grid operators. */
export interface FlexOrderStore {
  saveFlexPrognosis(day: FlexDay, kept: KeptPrognosis): Promise<void>;
  flexPrognosis(day: FlexDay): Promise<KeptPrognosis | null>;
  addFlexOffer(offer: Omit<KeptOffer, "revoked">): Promise<void>;
  flexOffers(day: FlexDay): Promise<KeptOffer[]>;
  revokeFlexOffer(id: string): Promise<void>;
  /** Forgets offers of days before this date, which can be ordered no more, and on which appliances of homes they rested. */
  dropFlexOffers(beforeDate: string): Promise<void>;
  /** False where another order binds for the day, or this one is here already. */
  addFlexOrder(order: Omit<KeptOrder, "netMicro" | "agreedMs">): Promise<boolean>;
  /** Orders of days that touch [from, to), oldest first. */
  flexOrders(fromMs: number, toMs: number): Promise<KeptOrder[]>;
  flexOrder(reference: string): Promise<KeptOrder | null>;
  /** Keeps a proposed settlement until there is an answer to it; said again, it has waited since the first time. */
  keepFlexSettlement(open: OpenSettlement): Promise<void>;
  openFlexSettlements(): Promise<OpenSettlement[]>;
  /** What was answered to the proposed settlement: what it came to, null where it was disputed. */
  answerFlexSettlement(reference: string, netMicro: bigint | null, atMs: number): Promise<void>;
}

/** The same in the aggregator's database. */
export function flexOrderStore(db: Kysely<Tables>): FlexOrderStore {
  const saveFlexPrognosis: FlexOrderStore["saveFlexPrognosis"] = async ({ point, date }, kept) => {
    const body = JSON.stringify(KeptPrognosis.parse(kept));
    await db
      .insertInto("flex_prognosis")
      .values({ point, date, body })
      .onConflict((on) => on.columns(["point", "date"]).doUpdateSet({ body }))
      .execute();
  };
  return {
    saveFlexPrognosis,
    async flexPrognosis({ point, date }) {
      const row = await db
        .selectFrom("flex_prognosis")
        .select("body")
        .where("point", "=", point)
        .where("date", "=", date)
        .executeTakeFirst();
      return row ? KeptPrognosis.parse(JSON.parse(row.body)) : null;
    },
    async addFlexOffer({ id, point, date, price, powerW }) {
      await db
        .insertInto("flex_offer")
        .values({ id, point, date, price: String(price), power: JSON.stringify(powerW) })
        .execute();
    },
    async flexOffers({ point, date }) {
      const rows = await db.selectFrom("flex_offer").selectAll().where("point", "=", point).where("date", "=", date).execute();
      return rows.map(({ id, price, power, revoked }) => ({
        id,
        point,
        date,
        price: BigInt(price),
        powerW: Watts.parse(JSON.parse(power)),
        revoked: Number(revoked) === 1,
      }));
    },
    async revokeFlexOffer(id) {
      await db.updateTable("flex_offer").set({ revoked: 1 }).where("id", "=", id).execute();
    },
    async dropFlexOffers(beforeDate) {
      await db.deleteFrom("flex_offer").where("date", "<", beforeDate).execute();
      const resting = await db
        .selectFrom("flex_prognosis")
        .selectAll()
        .where("date", "<", beforeDate)
        .where("body", "like", '%"relied":{%')
        .execute();
      for (const { body, ...day } of resting)
        await saveFlexPrognosis(day, { ...KeptPrognosis.parse(JSON.parse(body)), relied: null });
    },
    async addFlexOrder(order) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("flex_order")
        .values({
          reference: order.reference,
          point: order.point,
          date: order.date,
          timezone: order.timezone,
          slot_minutes: order.slotMinutes,
          start_ms: order.startMs,
          end_ms: order.endMs,
          power: JSON.stringify(order.powerW),
          baseline: JSON.stringify(order.baselineW),
          asked: JSON.stringify(order.asked),
          leeway: JSON.stringify(order.leeway),
          price: String(order.price),
          penalty_per_kwh: String(order.penaltyPerKwh),
          ordered_ms: order.orderedMs,
          net: null,
          agreed_ms: null,
          proposed: null,
          proposed_ms: null,
        })
        .onConflict((on) => on.doNothing())
        .executeTakeFirst();
      return Number(numInsertedOrUpdatedRows) > 0;
    },
    async flexOrders(fromMs, toMs) {
      const rows = await db
        .selectFrom("flex_order")
        .selectAll()
        .where("end_ms", ">", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .orderBy("point")
        .execute();
      return rows.map(orderFrom);
    },
    async flexOrder(reference) {
      const row = await db.selectFrom("flex_order").selectAll().where("reference", "=", reference).executeTakeFirst();
      return row ? orderFrom(row) : null;
    },
    async keepFlexSettlement({ reference, message, sinceMs }) {
      await db
        .updateTable("flex_order")
        .set((row) => ({
          proposed: JSON.stringify(message),
          proposed_ms: row.fn.coalesce("proposed_ms", row.val(sinceMs)),
        }))
        .where("reference", "=", reference)
        .execute();
    },
    async openFlexSettlements() {
      const rows = await db
        .selectFrom("flex_order")
        .select(["reference", "proposed", "proposed_ms"])
        .where("proposed", "is not", null)
        .orderBy("proposed_ms")
        .execute();
      return rows.flatMap(({ reference, proposed, proposed_ms: sinceMs }) => {
        const message = UftpMessage.parse(JSON.parse(proposed ?? "null"));
        return message.Message === "FlexSettlement" ? [{ reference, message, sinceMs: Number(sinceMs) }] : [];
      });
    },
    async answerFlexSettlement(reference, netMicro, atMs) {
      await db
        .updateTable("flex_order")
        .set({
          proposed: null,
          proposed_ms: null,
          ...(netMicro !== null && { net: String(netMicro), agreed_ms: atMs }),
        })
        .where("reference", "=", reference)
        .execute();
    },
  };
}

function orderFrom(row: Selectable<Tables["flex_order"]>): KeptOrder {
  const watts = (text: string): number[] => Watts.parse(JSON.parse(text));
  const powerW = watts(row.power);
  return {
    reference: row.reference,
    point: row.point,
    date: row.date,
    timezone: row.timezone,
    slotMinutes: Number(row.slot_minutes),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    powerW,
    baselineW: watts(row.baseline),
    asked: watts(row.asked),
    // An order from before it was told binds as it is.
    leeway: row.leeway === null ? leewaySlots(undefined, powerW) : Leeway.parse(JSON.parse(row.leeway)),
    price: BigInt(row.price),
    penaltyPerKwh: BigInt(row.penalty_per_kwh),
    orderedMs: Number(row.ordered_ms),
    netMicro: row.net === null ? null : BigInt(row.net),
    agreedMs: row.agreed_ms === null ? null : Number(row.agreed_ms),
  };
}
