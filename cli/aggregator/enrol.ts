import { randomBytes } from "node:crypto";
import { openAuthority } from "../../aggregator/enrol/authority.ts";
import { demandEnrollable, hashOfCode } from "../../aggregator/enrol/desk.ts";
import { writeCrl } from "../../aggregator/enrol/write-crl.ts";
import type { AggregatorConfig, EnrolmentConfig } from "../../aggregator/config/aggregator-config.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { formatEnrolCode } from "../../core/enrol-code.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { spanMs } from "../span-ms.ts";
import { whoAsks } from "./who.ts";

/** Options of the command line. */
interface EnrolOptions {
  config: string;
  valid: string;
  json?: true;
}

const longestMs = 30 * 86_400_000;

/**
 * `smart-mla aggregator enrol SITE -c FILE [--valid 24h] [--json]`: makes a one-time code and prints it; only its hash is
 * stored. The aggregator may run.
 * @throws AppError enrol-not-configured, enrol-unknown-site, enrol-reserved-name, usage-bad-time
 */
export async function aggregatorEnrol(site: string, options: EnrolOptions, say: (line: string) => void): Promise<number> {
  const config = readAggregatorConfig(options.config);
  const enrolment = demandEnrolment(config, options.config);
  demandEnrollable(site, new Set(config.sites.map((known) => known.site)));
  const validMs = spanMs(options.valid);
  if (validMs === undefined || validMs <= 0 || validMs > longestMs)
    throw new AppError("usage-bad-time", `--valid ${options.valid} is no time up to 30d; write it as 90m, 24h or 7d`);
  const { fingerprint } = openAuthority(enrolment);
  const secret = randomBytes(24).toString("base64url");
  const expiresMs = Date.now() + validMs;
  const store = await openStore(config.database);
  try {
    await store.audited(
      (part) => part.addCode({ hash: hashOfCode(secret), site, expiresMs }),
      () => ({ atMs: Date.now(), who: whoAsks(), action: "enrol.code", site, detail: { expires: iso(expiresMs) } }),
    );
  } finally {
    await store.close();
  }
  const code = formatEnrolCode({ url: enrolment.url, fingerprint, secret, site });
  if (options.json) say(JSON.stringify({ site, code, expires: iso(expiresMs) }));
  else {
    say(code);
    say(`good once until ${iso(expiresMs)}; on the gateway: smart-mla enrol CODE -c /etc/smart-mla/agent.yaml`);
  }
  return exitCode.good;
}

/**
 * `smart-mla aggregator revoke SITE -c FILE [--json]`: revokes the site's certificates and unused codes, and writes the
 * broker's list. The aggregator may run.
 * @throws AppError enrol-unknown-site where the name is neither configured nor that of any certificate in force
 */
export async function aggregatorRevoke(
  site: string,
  options: { config: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const config = readAggregatorConfig(options.config);
  const enrolment = demandEnrolment(config, options.config);
  const authority = openAuthority(enrolment);
  const store = await openStore(config.database);
  const isConfigured = config.sites.some((known) => known.site === site);
  let revoked: number;
  try {
    const atMs = Date.now();
    revoked = await store.audited(
      (part) => part.revokeSite(site, atMs),
      (count) => (count > 0 || isConfigured ? { atMs, who: whoAsks(), action: "enrol.revoke", site, detail: { count } } : null),
    );
    await writeCrl({ config: enrolment, authority, store, nowMs: Date.now() });
  } finally {
    await store.close();
  }
  // A site that is configured no more can be revoked; a slip of the pen must not look like success.
  if (revoked === 0 && !isConfigured)
    throw new AppError(
      "enrol-unknown-site",
      `no certificate of "${site}" is in force, and it is not under sites in ${options.config}; nothing was revoked, check the name`,
    );
  const { crlFile } = enrolment;
  if (options.json) say(JSON.stringify({ site, revoked, crlFile: crlFile ?? null }));
  else {
    say(`${site}: ${revoked} certificates revoked; renewal is refused`);
    if (revoked === 0)
      say(
        "no certificate in force is known here; one that another database has issued stays good at the broker until it runs out",
      );
    else
      say(
        crlFile
          ? `${crlFile} is written; the broker reads it at: systemctl restart mosquitto, which also ends open connections`
          : "no enrolment.crl_file is configured: the broker lets the certificate in until it runs out",
      );
  }
  return exitCode.good;
}

function demandEnrolment({ enrolment }: AggregatorConfig, file: string): EnrolmentConfig {
  if (enrolment) return enrolment;
  throw new AppError("enrol-not-configured", `${file} has no enrolment section; add one, it names the certificate authority`);
}
