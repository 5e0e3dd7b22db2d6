import type { ConfigIssue } from "../../core/config-issue.ts";
import { isTimeZone } from "../../core/slots.ts";
import type { AggregatorYaml } from "./schema.ts";

/** What a schema of single fields cannot see: feeders of homes that are not there, zones that nobody knows. */
export function crossCheck({ feeders, sites, workers, storage, market, exchange }: AggregatorYaml): ConfigIssue[] {
  const alone: ConfigIssue[] =
    workers && "path" in storage
      ? [
          {
            path: ["storage", "path"],
            message: "workers share a PostgreSQL database: give storage.postgres_url and storage.folder",
          },
        ]
      : [];
  const feeding = Object.entries(feeders).flatMap(([name, feeder]): ConfigIssue[] => [
    ...checkSites(feeder.sites, sites, ["feeders", name, "sites"]),
    ...(isTimeZone(feeder.timezone)
      ? []
      : [{ path: ["feeders", name, "timezone"], message: 'an IANA time zone such as "Europe/Amsterdam"' }]),
  ]);
  const trading = exchange ? checkSites(exchange.sites, sites, ["exchange", "sites"]) : [];
  return [...alone, ...feeding, ...trading, ...(market ? checkMarket(market, { feeders, sites }) : [])];
}

/** Homes that a list names are there, each once. */
function checkSites(named: readonly string[], sites: AggregatorYaml["sites"], path: ConfigIssue["path"]): ConfigIssue[] {
  return named.flatMap((site, index): ConfigIssue[] => {
    if (!Object.hasOwn(sites, site)) return [{ path: [...path, index], message: `site "${site}" is not one of sites` }];
    return named.indexOf(site) < index ? [{ path: [...path, index], message: `site "${site}" is there twice` }] : [];
  });
}

/** Points are feeders of this file, no home hangs on two of them, and the grid operator is no home. */
function checkMarket(
  { domain, points, timezone, operator }: NonNullable<AggregatorYaml["market"]>,
  { feeders, sites }: Pick<AggregatorYaml, "feeders" | "sites">,
): ConfigIssue[] {
  const seen = new Map<string, string>();
  return [
    ...(isTimeZone(timezone) ? [] : [{ path: ["market", "timezone"], message: 'an IANA time zone such as "Europe/Amsterdam"' }]),
    ...(Object.hasOwn(sites, operator.domain)
      ? [{ path: ["market", "operator", "domain"], message: "a site has this name: its records are kept under it" }]
      : []),
    ...(operator.domain === domain
      ? [{ path: ["market", "operator", "domain"], message: "is the aggregator's own (market.domain); give the grid operator's" }]
      : []),
    ...Object.entries(points).flatMap(([point, { feeder }]): ConfigIssue[] => {
      const path = ["market", "points", point, "feeder"];
      const found = Object.hasOwn(feeders, feeder) ? feeders[feeder] : undefined;
      if (!found) return [{ path, message: `feeder "${feeder}" is not one of feeders` }];
      return found.sites.flatMap((site) => {
        const other = seen.get(site);
        seen.set(site, point);
        return other === undefined
          ? []
          : [{ path, message: `site "${site}" hangs on point "${other}" too: it would be told twice` }];
      });
    }),
  ];
}
