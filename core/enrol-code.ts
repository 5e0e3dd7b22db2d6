import { AppError } from "./app-error.ts";
import { SiteName } from "./message/fields.ts";

/** A one-time code taken apart. */
export interface EnrolCode {
  /** Where the aggregator enrols: `https://host:port`. */
  url: string;
  /** SHA-256 of the certificate authority (DER), base64url: what the very first connection is trusted by. */
  fingerprint: string;
  /** What may be used once: 192 random bits, base64url. */
  secret: string;
  site: string;
}

const base64url = /^[A-Za-z0-9_-]+$/;
const fingerprintLength = 43;
const secretLength = 32;

/** One token to copy. */
export function formatEnrolCode({ url, fingerprint, secret, site }: EnrolCode): string {
  return `${url}#${fingerprint}.${secret}.${site}`;
}

/** @throws AppError enrol-bad-code */
export function parseEnrolCode(text: string): EnrolCode {
  const bad = (why: string): AppError =>
    new AppError("enrol-bad-code", `the code ${why}; copy all of what \`smart-mla aggregator enrol\` printed, from https:// on`);
  const [address = "", rest = ""] = text.trim().split("#");
  const [fingerprint = "", secret = "", ...site] = rest.split(".");
  if (!URL.canParse(address) || new URL(address).protocol !== "https:") throw bad("does not begin with https://");
  if (!base64url.test(fingerprint) || fingerprint.length !== fingerprintLength) throw bad("lacks its middle part");
  if (!base64url.test(secret) || secret.length !== secretLength) throw bad("is cut off");
  const named = SiteName.safeParse(site.join("."));
  if (!named.success) throw bad("lacks the gateway's id at its end");
  return { url: new URL(address).origin, fingerprint, secret, site: named.data };
}
