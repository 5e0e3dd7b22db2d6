import { parseTopic } from "../../core/topic.ts";

/** User of the aggregator and of other programs of the operator. */
export const aggregatorUser = "aggregator";

/** A site writes only upward below its own name, whichever aggregator it speaks to. */
export function mayPublish(user: string, topic: string): boolean {
  if (user === aggregatorUser) return true;
  const parts = parseTopic(topic);
  return parts !== undefined && parts.site === user && parts.direction === "up";
}

/** A site hears only what goes down to it. A wildcard may stand for the aggregator and below "dn", never for the site. */
export function maySubscribe(user: string, filter: string): boolean {
  if (user === aggregatorUser) return true;
  const parts = parseTopic(filter);
  return parts !== undefined && parts.site === user && parts.direction === "dn";
}
