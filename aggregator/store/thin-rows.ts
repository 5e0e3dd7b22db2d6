import type { Kysely } from "kysely";
import { MeterRole, type MeasurementItem } from "../../core/message/measurements.ts";
import type { Fence } from "./lease-store.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Row = Pick<Tables["item"], "boot" | "seq" | "kind" | "role" | "register" | "wh">;

/** What goes at a time: so many rows in one transaction, and the lease under which. */
export interface Bite {
  limit: number;
  fence?: Fence | undefined;
}

/** Slots that go: those that start before an instant, of the grid meter by register. */
export interface SlotBounds {
  importBeforeMs: number;
  exportBeforeMs: number;
  /** Of other meters. */
  othersBeforeMs: number;
}

/** An instant as a database takes it; before the first or after the last where there is no bound. */
export const bounded = (ms: number): number => Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, ms));

const columns = ["item.boot", "item.seq", "item.kind", "item.role", "item.register", "item.wh"] as const;

/** Rows of a home whose run is whole up to them: their receipt was given, and no gap comes of it that they go. */
const receipted = (tx: Db, site: string) =>
  tx
    .selectFrom("item")
    .innerJoin("run", (join) => join.onRef("run.site", "=", "item.site").onRef("run.boot", "=", "item.boot"))
    .select(columns)
    .where("item.site", "=", site)
    .whereRef("item.seq", "<=", "run.contiguous_seq");

/** Readings and switchings that an older program kept have their instant in the body alone. @returns how many got it */
export async function addInstants(tx: Db, site: string, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom("item")
    .selectAll()
    .where("site", "=", site)
    .where("role", "is", null)
    .where("register", "is", null)
    .where("start_ms", "is", null)
    .limit(limit)
    .execute();
  if (rows.length === 0) return 0;
  const dated = rows.map((row) => {
    const { at } = JSON.parse(row.body) as Pick<Extract<MeasurementItem, { kind: "sample" }>, "at">;
    return { ...row, start_ms: Date.parse(at) };
  });
  await tx
    .insertInto("item")
    .values(dated)
    .onConflict((on) => on.columns(["site", "boot", "seq"]).doUpdateSet({ start_ms: (eb) => eb.ref("excluded.start_ms") }))
    .execute();
  return rows.length;
}

/** @returns how many went */
export async function deleteReadings(tx: Db, site: string, beforeMs: number, limit: number): Promise<number> {
  const rows = await receipted(tx, site)
    .where("item.role", "is", null)
    .where("item.register", "is", null)
    .where("item.start_ms", "<", bounded(beforeMs))
    .orderBy("item.start_ms")
    .limit(limit)
    .execute();
  await deleteRows(tx, site, rows);
  return rows.length;
}

/** The newest slot of each role and register stays, whatever its age: it names the meter, and where a gap begins. */
export async function deleteSlots(tx: Db, site: string, bounds: SlotBounds, limit: number): Promise<number> {
  let count = 0;
  for (const role of MeterRole.options)
    for (const register of ["import", "export"] as const) {
      const beforeMs =
        role === "grid" ? (register === "import" ? bounds.importBeforeMs : bounds.exportBeforeMs) : bounds.othersBeforeMs;
      const newest = await tx
        .selectFrom("item")
        .select((eb) => eb.fn.max("start_ms").as("start_ms"))
        .where("site", "=", site)
        .where("role", "=", role)
        .where("register", "=", register)
        .executeTakeFirst();
      if (newest?.start_ms == null) continue;
      const rows = await receipted(tx, site)
        .where("item.role", "=", role)
        .where("item.register", "=", register)
        .where("item.start_ms", "<", bounded(Math.min(beforeMs, Number(newest.start_ms))))
        .orderBy("item.start_ms")
        .limit(limit - count)
        .execute();
      await deleteRows(tx, site, rows);
      count += rows.length;
      if (count === limit) return count;
    }
  return count + (await deleteGaps(tx, site, bounds.importBeforeMs, limit - count));
}

async function deleteGaps(tx: Db, site: string, beforeMs: number, limit: number): Promise<number> {
  const gaps = await tx
    .selectFrom("gap")
    .innerJoin("run", (join) => join.onRef("run.site", "=", "gap.site").onRef("run.boot", "=", "gap.boot"))
    .select(["gap.boot", "gap.from_seq", "gap.to_seq"])
    .where("gap.site", "=", site)
    .where("gap.to_ms", "<", bounded(beforeMs))
    .whereRef("gap.to_seq", "<=", "run.contiguous_seq")
    .orderBy("gap.boot")
    .limit(limit)
    .execute();
  for (const { boot, from_seq: from, to_seq: to } of gaps) {
    await raiseThinned(tx, { site, boot }, Number(to));
    await tx
      .deleteFrom("gap")
      .where("site", "=", site)
      .where("boot", "=", boot)
      .where("from_seq", "=", from)
      .where("to_seq", "=", to)
      .execute();
  }
  return gaps.length;
}

/** Deletes rows, and notes up to where: what comes again of them is not new. */
async function deleteRows(tx: Db, site: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const byBoot = [...Map.groupBy(rows, ({ boot }) => boot)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  // Runs first and in this order, as the intake takes them: it waits, and then knows.
  for (const [boot, own] of byBoot) await raiseThinned(tx, { site, boot }, Math.max(...own.map(({ seq }) => Number(seq))));
  for (const [boot, own] of byBoot)
    await tx
      .deleteFrom("item")
      .where("site", "=", site)
      .where("boot", "=", boot)
      .where(
        "seq",
        "in",
        own.map(({ seq }) => seq),
      )
      .execute();
  const count = (kind: string): number => rows.filter((row) => row.kind === kind).length;
  const wh = (register: string): number =>
    rows.reduce((sum, row) => (row.role === "grid" && row.register === register ? sum + Number(row.wh ?? 0) : sum), 0);
  await addThinned(tx, site, {
    samples: count("sample"),
    slots: count("slot"),
    switches: count("switch"),
    import_wh: wh("import"),
    export_wh: wh("export"),
  });
}

async function raiseThinned(tx: Db, { site, boot }: { site: string; boot: string }, seq: number): Promise<void> {
  await tx
    .updateTable("run")
    .set((eb) => ({
      thinned_seq: eb.case().when("thinned_seq", "<", seq).then(seq).else(eb.ref("thinned_seq")).end(),
    }))
    .where("site", "=", site)
    .where("boot", "=", boot)
    .execute();
}

/** Counts what went, so that statistics stay what they were. */
export async function addThinned(
  tx: Kysely<Tables>,
  site: string,
  counts: Partial<Omit<Tables["thinned"], "site">>,
): Promise<void> {
  const none = { samples: 0, slots: 0, switches: 0, import_wh: 0, export_wh: 0, plans_accepted: 0, plans_rejected: 0 };
  const all = { ...none, ...counts };
  await tx
    .insertInto("thinned")
    .values({ site, ...all })
    .onConflict((on) =>
      on.column("site").doUpdateSet((eb) => ({
        samples: eb("thinned.samples", "+", all.samples),
        slots: eb("thinned.slots", "+", all.slots),
        switches: eb("thinned.switches", "+", all.switches),
        import_wh: eb("thinned.import_wh", "+", all.import_wh),
        export_wh: eb("thinned.export_wh", "+", all.export_wh),
        plans_accepted: eb("thinned.plans_accepted", "+", all.plans_accepted),
        plans_rejected: eb("thinned.plans_rejected", "+", all.plans_rejected),
      })),
    )
    .execute();
}
