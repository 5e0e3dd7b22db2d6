import { makeToken } from "../../aggregator/api/token.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import type { Role, StoredToken } from "../../aggregator/store/token-store.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { spanMs } from "../span-ms.ts";
import { whoAsks } from "./who.ts";

/** Options of the command line. */
interface CreateOptions {
  config: string;
  site?: string;
  note: string;
  valid: string;
  json?: true;
}

const longestMs = 10 * 365 * 86_400_000;

/**
 * `smart-mla aggregator token create ROLE -c FILE [--site S] [--note TEXT] [--valid 365d] [--json]`: only a hash is stored.
 * @throws AppError usage-bad-time, usage-token-site, enrol-unknown-site
 */
export async function tokenCreate(role: Role, options: CreateOptions, say: (line: string) => void): Promise<number> {
  const config = readAggregatorConfig(options.config);
  const { site = null, note } = options;
  if ((role === "household") !== (site !== null))
    throw new AppError(
      "usage-token-site",
      role === "household" ? "a token of a household needs --site, its home" : `a token of role ${role} is not bound to a --site`,
    );
  if (site !== null && !config.sites.some((known) => known.site === site))
    throw new AppError("enrol-unknown-site", `"${site}" is not under sites in ${options.config}`);
  const validMs = spanMs(options.valid);
  if (validMs === undefined || validMs <= 0 || validMs > longestMs)
    throw new AppError("usage-bad-time", `--valid ${options.valid} is no time up to 3650d; write it as 24h or 365d`);
  const createdMs = Date.now();
  const { text, stored } = makeToken({ role, site, note, createdMs, expiresMs: createdMs + validMs });
  const detail = { id: stored.id, role, note, expires: iso(createdMs + validMs) };
  await withStore(options.config, (store) =>
    store.audited(
      (part) => part.addToken(stored),
      () => ({ atMs: createdMs, who: whoAsks(), action: "token.create", site, detail }),
    ),
  );
  if (options.json) say(JSON.stringify({ token: text, ...shown(stored) }));
  else {
    say(text);
    say(
      `token ${stored.id} of role ${role}${site === null ? "" : ` for ${site}`}, good until ${iso(createdMs + validMs)}; it is not shown again`,
    );
  }
  return exitCode.good;
}

/** `smart-mla aggregator token list -c FILE [--json]` */
export async function tokenList(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const tokens = (await withStore(options.config, (store) => store.tokens())).map(shown);
  if (options.json) say(JSON.stringify({ items: tokens }));
  else
    for (const { id, role, site, note, expires, revoked } of tokens)
      say(
        `${id}  ${role.padEnd(9)}  ${(site ?? "all homes").padEnd(16)}  ${revoked === null ? `until ${expires ?? "it is revoked"}` : `revoked ${revoked}`}  ${note}`,
      );
  return exitCode.good;
}

/** `smart-mla aggregator token revoke ID -c FILE`. @throws AppError usage-unknown-token */
export async function tokenRevoke(id: string, options: { config: string }, say: (line: string) => void): Promise<number> {
  const atMs = Date.now();
  const known = await withStore(options.config, (store) =>
    store.audited(
      (part) => part.revokeToken(id, atMs),
      (found) => (found ? { atMs, who: whoAsks(), action: "token.revoke", site: null, detail: { id } } : null),
    ),
  );
  if (!known) throw new AppError("usage-unknown-token", `there is no token "${id}"; smart-mla aggregator token list shows all`);
  say(`token ${id} is revoked`);
  return exitCode.good;
}

async function withStore<T>(configFile: string, work: (store: AggregatorStore) => Promise<T>): Promise<T> {
  const store = await openStore(readAggregatorConfig(configFile).database);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const shown = ({ id, role, site, note, createdMs, expiresMs, revokedMs }: StoredToken) => ({
  id,
  role,
  site,
  note,
  created: iso(createdMs),
  expires: expiresMs === null ? null : iso(expiresMs),
  revoked: revokedMs === null ? null : iso(revokedMs),
});
