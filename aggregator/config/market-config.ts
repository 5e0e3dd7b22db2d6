import type { OfferTerms } from "../flexibility/feeder-portfolio.ts";
import type { MarketAccessYaml } from "./market-schema.ts";

/** How an aggregator deals with a grid operator. */
export interface MarketAccess {
  domain: string;
  listen: { host: string; port: number };
  tls: { certFile: string; keyFile: string; caFile: string };
  keyFile: string;
  operator: { domain: string; url: string; publicKeyFile: string; agreementFile?: string };
  timezone: string;
  currency: string;
  points: { point: string; feeder: string }[];
  /** Local time. */
  prognosisAt: string;
  terms: OfferTerms;
}

/** @param at where a file of the configuration lies */
export function marketFromYaml(yaml: MarketAccessYaml, at: (path: string) => string): MarketAccess {
  const { operator, tls, listen } = yaml;
  const colon = listen.lastIndexOf(":");
  return {
    domain: yaml.domain,
    listen: { host: listen.slice(0, colon).replaceAll(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) },
    tls: { certFile: at(tls.cert_file), keyFile: at(tls.key_file), caFile: at(tls.ca_file) },
    keyFile: at(yaml.key_file),
    operator: {
      domain: operator.domain,
      url: operator.url,
      publicKeyFile: at(operator.public_key_file),
      ...(operator.agreement_file !== undefined && { agreementFile: at(operator.agreement_file) }),
    },
    timezone: yaml.timezone,
    currency: yaml.currency,
    points: Object.entries(yaml.points).map(([point, { feeder }]) => ({ point, feeder })),
    prognosisAt: yaml.prognosis_at,
    terms: { margin: yaml.margin_percent / 100, leastPerKwh: BigInt(yaml.least_price_micro_per_kwh) },
  };
}
