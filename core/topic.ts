import { AppError } from "./app-error.ts";

/** Version of the topic tree; a new one stands beside the old. */
const root = "sma/1";
const part = /^[A-Za-z0-9._-]{1,64}$/;

/** Seen from the gateway: up to the aggregator, or down from it. */
export type Direction = "up" | "dn";

/** `sma/1/<aggregator>/<site>/<up|dn>/<rest>`. Names may hold letters, digits, dot, underscore and dash. @throws AppError topic-bad-name */
export function topic(aggregator: string, site: string, direction: Direction, rest: string): string {
  for (const name of [aggregator, site, ...rest.split("/")])
    if (!part.test(name)) throw new AppError("topic-bad-name", `"${name}" cannot stand in a topic; use letters, digits, . _ -`);
  return `${root}/${aggregator}/${site}/${direction}/${rest}`;
}

/** The filter for one direction of one site, or of all sites ("+"). */
export function topicFilter(aggregator: string, site: string, direction: Direction): string {
  return `${root}/${aggregator}/${site}/${direction}/#`;
}

/** The parts of a topic, or undefined where it is not one of ours. */
export function parseTopic(text: string): { aggregator: string; site: string; direction: Direction; rest: string } | undefined {
  const match = /^sma\/1\/([^/]+)\/([^/]+)\/(up|dn)\/(.+)$/.exec(text);
  const [, aggregator, site, direction, rest] = match ?? [];
  if (!aggregator || !site || !rest || (direction !== "up" && direction !== "dn")) return undefined;
  return { aggregator, site, direction, rest };
}
