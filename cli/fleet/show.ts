import { gatewayState } from "../../aggregator/fleet/gateway-states.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import type { Rollout, RolloutSite } from "../../aggregator/store/fleet-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { wholeNumber } from "../whole-number.ts";

/** `smart-mla fleet ls -c FILE [--json]`: exit 1 where a gateway did not keep what is wanted of it. */
export async function fleetLs(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const { sites, database } = readAggregatorConfig(options.config);
  const configs = await withStore(
    database,
    async (store) => new Map((await store.gatewayConfigs()).map((one) => [one.site, one])),
  );
  const items = sites.map(({ site }) => {
    const config = configs.get(site);
    const report = config?.report ?? null;
    return {
      site,
      state: gatewayState(config),
      wanted: config?.revision ?? null,
      revision: report?.revision ?? null,
      config: report?.config ?? null,
      failed: report?.failed ?? null,
      version: report?.version ?? null,
      reported: config?.reportedMs == null ? null : iso(config.reportedMs),
    };
  });
  if (options.json) say(JSON.stringify({ items }));
  else
    for (const { site, state, version, config, reported, failed } of items)
      say(
        `${site.padEnd(20)}  ${state.padEnd(8)}  ${(version ?? "-").padEnd(8)}  ${reported ?? "never heard"}  ${textOf(config ?? {})}${
          failed && state === failed.how ? `  ${failed.code}: ${failed.message}` : ""
        }`,
      );
  return items.some(({ state }) => state === "reverted" || state === "refused") ? exitCode.checkFailed : exitCode.good;
}

/** `smart-mla fleet show [ID] -c FILE [--json]`: exit 1 where it was aborted. @throws AppError fleet-unknown, usage-bad-number */
export async function fleetShow(
  id: string | undefined,
  options: { config: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const number = id === undefined ? undefined : wholeNumber("ID", id, { least: 1 });
  const { database } = readAggregatorConfig(options.config);
  const { rollout, sites } = await withStore(database, async (store) => {
    const found = (await store.rollouts(number === undefined ? 1 : 1000)).find(
      (one) => number === undefined || one.id === number,
    );
    if (!found)
      throw new AppError("fleet-unknown", number === undefined ? "there was no roll-out yet" : `there is no roll-out ${number}`);
    return { rollout: found, sites: await store.rolloutSites(found.id) };
  });
  if (options.json) say(JSON.stringify(wireOf(rollout, sites)));
  else for (const line of linesOf(rollout, sites)) say(line);
  return rollout.state === "aborted" ? exitCode.checkFailed : exitCode.good;
}

function linesOf({ id, state, stage, wanted, reason, createdMs }: Rollout, sites: readonly RolloutSite[]): string[] {
  const stages = Math.max(...sites.map((one) => one.stage)) + 1;
  return [
    `roll-out ${id} is ${state}, stage ${stage + 1} of ${stages}: ${textOf(wanted) || "as each gateway's own file says"}, since ${iso(createdMs)}`,
    ...(reason === null ? [] : [reason]),
    ...sites.map(
      ({ site, stage: at, state: stands, code, message }) =>
        `  ${at + 1}  ${site.padEnd(20)}  ${stands}${message === null ? "" : `  ${code ?? ""}${code === null ? "" : ": "}${message}`}`,
    ),
  ];
}

function wireOf({ createdMs, endedMs, ...rollout }: Rollout, sites: readonly RolloutSite[]): object {
  return {
    ...rollout,
    created: iso(createdMs),
    ended: endedMs === null ? null : iso(endedMs),
    gateways: sites.map(({ site, stage, state, code, message, sentMs }) => ({
      site,
      stage,
      state,
      sent: sentMs === null ? null : iso(sentMs),
      code,
      message,
    })),
  };
}

const textOf = (config: object): string =>
  Object.entries(config)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ");

async function withStore<T>(
  database: ReturnType<typeof readAggregatorConfig>["database"],
  work: (store: AggregatorStore) => Promise<T>,
): Promise<T> {
  const store = await openStore(database);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
