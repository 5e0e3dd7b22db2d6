import type { ConfigIssue } from "../../core/config-issue.ts";
import type { AggregatorYaml } from "./schema.ts";

/** What a schema of single fields cannot see: feeders of homes that are not there, zones that nobody knows. */
export function crossCheck({ feeders, sites, workers, storage }: AggregatorYaml): ConfigIssue[] {
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
    ...feeder.sites.flatMap((site, index): ConfigIssue[] =>
      !Object.hasOwn(sites, site)
        ? [{ path: ["feeders", name, "sites", index], message: `site "${site}" is not one of sites` }]
        : feeder.sites.indexOf(site) < index
          ? [{ path: ["feeders", name, "sites", index], message: `site "${site}" is there twice` }]
          : [],
    ),
    ...(isZone(feeder.timezone)
      ? []
      : [{ path: ["feeders", name, "timezone"], message: 'an IANA time zone such as "Europe/Amsterdam"' }]),
  ]);
  return [...alone, ...feeding];
}

function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}
