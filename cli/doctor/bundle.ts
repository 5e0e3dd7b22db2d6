import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import type { StoredRejection } from "../../agent/store/read-rejected.ts";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { Finding } from "./finding.ts";

/** All that somebody else needs to help, and no secret. Meter frames are personal data. */
export interface BundleParts {
  findings: readonly Finding[];
  /** Null where no agent answers. */
  status: unknown;
  configFile: string;
  rejected: readonly StoredRejection[];
  nowMs: number;
}

const secretKey = /key|passw|passphrase|secret|token|credential/i;
const removed = "(removed)";
const mostFrames = 200;

/** Writes it as one JSON file of mode 0600. @throws AppError doctor-bundle-not-written; an existing file is never overwritten */
export function writeBundle(file: string, { findings, status, configFile, rejected, nowMs }: BundleParts): void {
  const bundle = {
    at: iso(nowMs),
    machine: { node: process.version, platform: process.platform, arch: process.arch },
    findings: withoutSecrets(findings),
    status: withoutSecrets(status),
    config: withoutSecrets(parse(readFileSync(configFile, "utf8"))),
    rejected: rejected.slice(-mostFrames).map(({ atMs, bytes, ...frame }) => ({
      at: iso(atMs),
      ...frame,
      hex: Buffer.from(bytes).toString("hex"),
    })),
  };
  try {
    writeFileSync(file, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new AppError("doctor-bundle-not-written", `cannot write ${file}: ${errorMessage(cause)}; name a new file`, { cause });
  }
}

/**
 * The same without the values of keys that sound like secrets, and without what may be a secret in addresses: names and
 * passwords, queries, and long parts of the path, in which services of chains and webhooks carry their keys.
 */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value === "string") return value.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, addressWithoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretKey.test(key) ? removed : withoutSecrets(inner)]),
  );
}

function addressWithoutSecrets(address: string): string {
  const [, scheme = "", rest = ""] = /^([^/]*\/\/)(.*)$/s.exec(address) ?? [];
  // The last @ ends a name and password, which may hold all else that divides an address.
  const at = rest.lastIndexOf("@");
  const [place = "", ...query] = rest.slice(at + 1).split(/[?#]/);
  const [host = "", ...path] = place.split("/");
  const shown = path.map((part) => (/^[\w-]{16,}/.test(part) ? removed : part));
  return `${scheme}${at < 0 ? "" : `${removed}@`}${[host, ...shown].join("/")}${query.length > 0 ? `?${removed}` : ""}`;
}
