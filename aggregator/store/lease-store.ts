import type { Kysely } from "kysely";
import { AppError } from "../../core/app-error.ts";
import type { Tables } from "./tables.ts";

/** Who does a piece of work that one worker may do at a time. */
export interface Lease {
  name: string;
  /** Empty: nobody. */
  holder: string;
  /** Rises with each holder: what an earlier one still writes is refused by it. */
  token: number;
  /** Changes as long as the holder lives. */
  beat: number;
}

/** A lease that somebody holds, shown with what must not be written without it. */
export type Fence = Pick<Lease, "name" | "token">;

/** Leases in the database. They need no clock: who looks on sees whether a beat still changes. */
export interface LeaseStore {
  leases(): Promise<Lease[]>;
  /** Takes a lease that still is as it was seen, null where it is not there; gives it, or null where somebody was faster. */
  takeLease(name: string, holder: string, seen: Lease | null): Promise<Lease | null>;
  /** Shows that the holder of these lives. @returns names of those that it still holds */
  beatLeases(holder: string, fences: readonly Fence[]): Promise<string[]>;
  /** Gives up what is still held. */
  releaseLeases(holder: string, fences: readonly Fence[]): Promise<void>;
  /** Deletes one that still is as it was seen. */
  forgetLease(seen: Lease): Promise<void>;
}

/** The same in the aggregator's database. */
export function leaseStore(db: Kysely<Tables>): LeaseStore {
  return {
    async leases() {
      const rows = await db.selectFrom("lease").selectAll().orderBy("name").execute();
      return rows.map(leaseOf);
    },
    async takeLease(name, holder, seen) {
      const taken = seen
        ? await db
            .updateTable("lease")
            .set((eb) => ({ holder, token: eb("token", "+", 1), beat: eb("beat", "+", 1) }))
            .where("name", "=", name)
            .where("token", "=", seen.token)
            .where("beat", "=", seen.beat)
            .returningAll()
            .executeTakeFirst()
        : await db
            .insertInto("lease")
            .values({ name, holder, token: 1, beat: 1 })
            .onConflict((on) => on.doNothing())
            .returningAll()
            .executeTakeFirst();
      return taken ? leaseOf(taken) : null;
    },
    async beatLeases(holder, fences) {
      if (fences.length === 0) return [];
      const rows = await db
        .updateTable("lease")
        .set((eb) => ({ beat: eb("beat", "+", 1) }))
        .where("holder", "=", holder)
        .where((eb) => eb.or(fences.map(({ name, token }) => eb.and({ name, token }))))
        .returning("name")
        .execute();
      return rows.map(({ name }) => name);
    },
    async releaseLeases(holder, fences) {
      if (fences.length === 0) return;
      await db
        .updateTable("lease")
        .set((eb) => ({ holder: "", beat: eb("beat", "+", 1) }))
        .where("holder", "=", holder)
        .where((eb) => eb.or(fences.map(({ name, token }) => eb.and({ name, token }))))
        .execute();
    },
    async forgetLease({ name, token, beat }) {
      await db.deleteFrom("lease").where("name", "=", name).where("token", "=", token).where("beat", "=", beat).execute();
    },
  };
}

const leaseOf = ({ name, holder, token, beat }: Tables["lease"]): Lease => ({
  name,
  holder,
  token: Number(token),
  beat: Number(beat),
});

/** Writes in one transaction, under a lease where one is given. @throws AppError lease-lost */
export function fenced<Result>(
  db: Kysely<Tables>,
  fence: Fence | undefined,
  work: (tx: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (tx) => {
    if (fence) await checkFence(tx, fence);
    return work(tx);
  });
}

/**
 * Within a transaction that writes: ends it unless the lease is held with this token, and keeps others from taking the lease
 * until it is written. @throws AppError lease-lost
 */
export async function checkFence(tx: Kysely<Tables>, { name, token }: Fence): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("lease")
    .set({ token })
    .where("name", "=", name)
    .where("token", "=", token)
    .where("holder", "<>", "")
    .executeTakeFirst();
  if (numUpdatedRows === 0n)
    throw new AppError("lease-lost", `another worker has taken over "${name}"; what this one planned is dropped`);
}
