import { topicFilter } from "../../core/topic.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";
import type { SiteMessage } from "../dispatch/broker-link.ts";
import type { Share } from "./share.ts";

/** What goes to any one of the workers: all that it needs to be kept and answered is in the database. */
const shared: ReadonlySet<string> = new Set(["meter", "consent", "refused"]);
/** What the broker retains, so that each worker knows it of every home: homes may become its own. */
const told: ReadonlySet<string> = new Set(["state", "resource"]);

/** What the one process hears that settles and rolls out. */
const ofTheOffice: ReadonlySet<string> = new Set(["settle", "config"]);

/** How one process, or one of several, subscribes. */
export interface Subscriptions {
  filters: string[];
  clientId: string;
  /** Whether the broker keeps for it what comes while it is away. Of several workers the others get it. */
  keep: boolean;
}

export function subscriptions({ id, workers }: Pick<AggregatorConfig, "id" | "workers">, { worker }: Share): Subscriptions {
  const all = topicFilter(id, "+", "up");
  if (!workers || worker === undefined) return { filters: [all], clientId: `aggregator-${id}`, keep: true };
  const up = (head: string): string => all.replace(/#$/, head);
  return {
    filters: [
      ...[...shared].map((head) => `$share/${workers.group}/${up(head)}`),
      ...["state", "config", "resource/#", "status/#", "traded", "ack/#", "settle/#"].map(up),
    ],
    clientId: `aggregator-${id}-${worker}`,
    keep: false,
  };
}

/** Which messages are this process's business. */
export function hears(share: Share, settles: boolean): (message: Pick<SiteMessage, "site" | "rest">) => boolean {
  return ({ site, rest }) => {
    if (share.worker === undefined) return true;
    const [head = ""] = rest.split("/");
    if (shared.has(head) || told.has(head)) return true;
    return ofTheOffice.has(head) ? settles : share.holds(site);
  };
}
