import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "../app-error.ts";
import { certificateNames } from "./certificate-names.ts";
import type { UftpTls } from "./uftp-endpoint.ts";

/**
 * Reads certificates, and tries them: what others would refuse is better known before.
 * @param domain own domain, for which the certificate must be
 * @throws AppError uftp-tls-unreadable, uftp-tls-bad
 */
export function readUftpTls(
  { certFile, keyFile, caFile }: { certFile: string; keyFile: string; caFile: string },
  domain: string,
): UftpTls {
  const tls = { cert: read(certFile), key: read(keyFile), ca: read(caFile) };
  const certificate = parsed(certFile, "certificate", () => new X509Certificate(tls.cert));
  const key: KeyObject = parsed(keyFile, "private key", () => createPrivateKey(tls.key));
  parsed(caFile, "certificate", () => new X509Certificate(tls.ca));
  if (!certificate.checkPrivateKey(key)) throw bad(`${keyFile} is not the key of the certificate in ${certFile}`);
  const names = certificateNames(certificate.toLegacyObject());
  if (!names.includes(domain))
    throw bad(`${certFile} is a certificate for ${names.join(", ")}; expected one for ${domain}, the own domain`);
  return tls;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("uftp-tls-unreadable", `${file} cannot be read: ${errorMessage(cause)}`, { cause });
  }
}

function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new AppError("uftp-tls-bad", `${file} holds no ${what}; expected one as PEM`, { cause });
  }
}

const bad = (message: string): AppError => new AppError("uftp-tls-bad", message);
