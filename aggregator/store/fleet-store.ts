import type { Kysely, Selectable } from "kysely";
import { z } from "zod";
import { ConfigReport, RemoteConfig } from "../../core/message/remote-config.ts";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";

/** A change of configuration on its way through the fleet. */
export type RolloutState = "running" | "paused" | "aborted" | "done";
/** Where it stands at a gateway; silent: it has not said in time what became of it. */
export type RolloutSiteState = "waiting" | "sent" | "kept" | "reverted" | "refused" | "silent";

/** How a roll-out goes on, and when it stops. */
export const RolloutRules = z.object({
  /** Shares of the fleet that have it after each stage, percent, rising. */
  stages: z.array(z.number().positive().max(100)).min(1),
  /** More of a stage than this that revert, refuse or are silent stop it, percent. */
  mostBad: z.number().min(0).max(100),
  trialS: z.int(),
  /** A gateway is silent when so long after its trial it has not said how that ended. */
  silentS: z.int(),
});
export type RolloutRules = z.infer<typeof RolloutRules>;

/** A change of configuration for all gateways, stage by stage. */
export interface Rollout {
  id: number;
  revision: string;
  wanted: RemoteConfig;
  rules: RolloutRules;
  state: RolloutState;
  /** Counted from 0. */
  stage: number;
  /** Why it was aborted. */
  reason: string | null;
  createdMs: number;
  endedMs: number | null;
}

/** One gateway of a roll-out. */
export interface RolloutSite {
  site: string;
  stage: number;
  state: RolloutSiteState;
  /** What it was wanted to run by before; null: by its own file. */
  before: { revision: string; wanted: RemoteConfig } | null;
  sentMs: number | null;
  endedMs: number | null;
  code: string | null;
  message: string | null;
}

/** What one gateway shall run by, and what it said last. */
export interface GatewayConfig {
  site: string;
  /** Null: nothing was ever asked of it. */
  revision: string | null;
  wanted: RemoteConfig;
  report: ConfigReport | null;
  reportedMs: number | null;
}

/** Configuration of gateways: wanted, reported, and roll-outs. */
export interface FleetStore {
  /** @returns its number; null where another one is under way */
  addRollout(
    rollout: Pick<Rollout, "revision" | "wanted" | "rules" | "createdMs">,
    sites: readonly { site: string; stage: number }[],
  ): Promise<number | null>;
  /** Newest first. */
  rollouts(limit: number): Promise<Rollout[]>;
  /** The one that runs or is paused. */
  openRollout(): Promise<Rollout | null>;
  rolloutSites(id: number): Promise<RolloutSite[]>;
  /** Only from one of these states. @returns false where it is in none of them */
  changeRollout(
    id: number,
    from: readonly RolloutState[],
    change: Partial<Pick<Rollout, "state" | "stage" | "reason" | "endedMs">>,
  ): Promise<boolean>;
  changeRolloutSite(
    id: number,
    site: string,
    change: Partial<Pick<RolloutSite, "state" | "endedMs" | "code" | "message">>,
  ): Promise<void>;
  /** Notes that a gateway is wanted to run by a roll-out's configuration, and what was wanted before; both or neither. */
  wantRollout(rollout: Pick<Rollout, "id" | "revision" | "wanted">, site: string, nowMs: number): Promise<void>;
  want(site: string, wanted: { revision: string; wanted: RemoteConfig }): Promise<void>;
  /** Keeps the newest report of a gateway. */
  saveReport(site: string, report: ConfigReport, nowMs: number): Promise<void>;
  /** In order of site. */
  gatewayConfigs(): Promise<GatewayConfig[]>;
  gatewayConfig(site: string): Promise<GatewayConfig | null>;
}

const open: readonly RolloutState[] = ["running", "paused"];

/** The same in the aggregator's database. */
export function fleetStore(db: Kysely<Tables>): FleetStore {
  const want = async (tx: Kysely<Tables>, site: string, { revision, wanted }: { revision: string; wanted: RemoteConfig }) => {
    const row = { revision, wanted: JSON.stringify(wanted) };
    await tx
      .insertInto("gateway_config")
      .values({ site, ...row, report: null, reported_ms: null })
      .onConflict((on) => on.column("site").doUpdateSet(row))
      .execute();
  };
  return {
    addRollout: ({ revision, wanted, rules, createdMs }, sites) =>
      serially(db, async (tx) => {
        const values = { revision, wanted: JSON.stringify(wanted), rules: JSON.stringify(rules), created_ms: createdMs };
        // A write comes first, so that of two at once the later one sees the other.
        const { id } = await tx
          .insertInto("rollout")
          .values({ ...values, state: "running", stage: 0, reason: null, ended_ms: null })
          .returning("id")
          .executeTakeFirstOrThrow();
        const other = await tx
          .selectFrom("rollout")
          .select("id")
          .where("state", "in", open)
          .where("id", "<>", id)
          .executeTakeFirst();
        if (other) {
          await tx.deleteFrom("rollout").where("id", "=", id).execute();
          return null;
        }
        const none = { before_revision: null, before_wanted: null, sent_ms: null, ended_ms: null, code: null, message: null };
        for (const { site, stage } of sites)
          await tx
            .insertInto("rollout_site")
            .values({ rollout: id, site, stage, state: "waiting", ...none })
            .execute();
        return Number(id);
      }),
    async rollouts(limit) {
      return (await db.selectFrom("rollout").selectAll().orderBy("id", "desc").limit(limit).execute()).map(rolloutFrom);
    },
    async openRollout() {
      const row = await db.selectFrom("rollout").selectAll().where("state", "in", open).executeTakeFirst();
      return row ? rolloutFrom(row) : null;
    },
    async rolloutSites(id) {
      const rows = await db
        .selectFrom("rollout_site")
        .selectAll()
        .where("rollout", "=", id)
        .orderBy("stage")
        .orderBy("site")
        .execute();
      return rows.map(siteFrom);
    },
    async changeRollout(id, from, { state, stage, reason, endedMs }) {
      const { numUpdatedRows } = await db
        .updateTable("rollout")
        .set({
          ...(state !== undefined && { state }),
          ...(stage !== undefined && { stage }),
          ...(reason !== undefined && { reason }),
          ...(endedMs !== undefined && { ended_ms: endedMs }),
        })
        .where("id", "=", id)
        .where("state", "in", from)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
    async changeRolloutSite(id, site, { state, endedMs, code, message }) {
      await db
        .updateTable("rollout_site")
        .set({
          ...(state !== undefined && { state }),
          ...(endedMs !== undefined && { ended_ms: endedMs }),
          ...(code !== undefined && { code }),
          ...(message !== undefined && { message }),
        })
        .where("rollout", "=", id)
        .where("site", "=", site)
        .execute();
    },
    wantRollout: (rollout, site, nowMs) =>
      serially(db, async (tx) => {
        const before = await tx.selectFrom("gateway_config").selectAll().where("site", "=", site).executeTakeFirst();
        await tx
          .updateTable("rollout_site")
          .set({
            state: "sent",
            sent_ms: nowMs,
            before_revision: before?.revision ?? null,
            before_wanted: before?.revision ? before.wanted : null,
          })
          .where("rollout", "=", rollout.id)
          .where("site", "=", site)
          .execute();
        await want(tx, site, rollout);
      }),
    want: (site, wanted) => want(db, site, wanted),
    async saveReport(site, report, nowMs) {
      const row = { report: JSON.stringify(report), reported_ms: nowMs };
      await db
        .insertInto("gateway_config")
        .values({ site, revision: null, wanted: "{}", ...row })
        .onConflict((on) => on.column("site").doUpdateSet(row))
        .execute();
    },
    async gatewayConfigs() {
      return (await db.selectFrom("gateway_config").selectAll().orderBy("site").execute()).map(gatewayFrom);
    },
    async gatewayConfig(site) {
      const row = await db.selectFrom("gateway_config").selectAll().where("site", "=", site).executeTakeFirst();
      return row ? gatewayFrom(row) : null;
    },
  };
}

const numberOrNull = (value: number | null): number | null => (value === null ? null : Number(value));
const wantedFrom = (text: string): RemoteConfig => RemoteConfig.parse(JSON.parse(text));

const rolloutFrom = (row: Selectable<Tables["rollout"]>): Rollout => ({
  id: Number(row.id),
  revision: row.revision,
  wanted: wantedFrom(row.wanted),
  rules: RolloutRules.parse(JSON.parse(row.rules)),
  state: row.state,
  stage: Number(row.stage),
  reason: row.reason,
  createdMs: Number(row.created_ms),
  endedMs: numberOrNull(row.ended_ms),
});

const siteFrom = (row: Selectable<Tables["rollout_site"]>): RolloutSite => ({
  site: row.site,
  stage: Number(row.stage),
  state: row.state,
  before: row.before_revision === null ? null : { revision: row.before_revision, wanted: wantedFrom(row.before_wanted ?? "{}") },
  sentMs: numberOrNull(row.sent_ms),
  endedMs: numberOrNull(row.ended_ms),
  code: row.code,
  message: row.message,
});

const gatewayFrom = (row: Selectable<Tables["gateway_config"]>): GatewayConfig => ({
  site: row.site,
  revision: row.revision,
  wanted: wantedFrom(row.wanted),
  report: row.report === null ? null : ConfigReport.parse(JSON.parse(row.report)),
  reportedMs: numberOrNull(row.reported_ms),
});
