import type { GatewayConfig } from "../store/fleet-store.ts";

/**
 * How a gateway stands with what is wanted of it. own: nothing is, it runs by its own file. silent: it has never said how it
 * stands. behind: it has not said anything of what is wanted.
 */
export const gatewayStateNames = ["own", "silent", "behind", "trying", "kept", "reverted", "refused"] as const;
export type GatewayState = (typeof gatewayStateNames)[number];

/** How every gateway of the configuration stands. */
export function gatewayStates(sites: readonly string[], configs: readonly GatewayConfig[]): Map<string, GatewayState> {
  const known = new Map(configs.map((config) => [config.site, config]));
  return new Map(sites.map((site) => [site, gatewayState(known.get(site))]));
}

/** @param config undefined where nothing is known of it */
export function gatewayState(config: Pick<GatewayConfig, "revision" | "report"> | undefined): GatewayState {
  const { revision = null, report = null } = config ?? {};
  if (!report) return "silent";
  if (report.revision === revision) return revision === null ? "own" : report.state;
  if (revision !== null && report.failed?.revision === revision) return report.failed.how;
  return "behind";
}
