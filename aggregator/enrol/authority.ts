// The library of certificates finds its parts by it, and says so where it is not there first.
import "reflect-metadata";
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  type webcrypto,
  X509Certificate as NodeCertificate,
} from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";
import { AppError, errorMessage } from "../../core/app-error.ts";

const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };
const dayMs = 86_400_000;
/** Clocks of gateways and of this machine may differ. */
const backdatedMs = 10 * 60_000;
/** The list is a file of this machine, so its age says nothing; one that ran out would lock out every gateway. */
const crlDays = 3650;

/** A certificate that was made, with what has to be recorded of it. */
export interface Issued {
  pem: string;
  /** Lower-case hex. */
  serial: string;
  /** SHA-256 of the public key (SPKI), hex. */
  keyHash: string;
  notAfterMs: number;
}

/** The small certificate authority of one aggregator. */
export interface Authority {
  pem: string;
  /** SHA-256 of its certificate, base64url. */
  fingerprint: string;
  /**
   * A client certificate for a gateway whose id is the common name of its request.
   * @throws AppError enrol-bad-request
   */
  issue(csrPem: string, site: string, nowMs: number, days: number): Promise<Issued>;
  /** Checks a request by itself: its signature, its key, its name. @throws AppError enrol-bad-request */
  keyHashOf(csrPem: string, site: string): Promise<string>;
  /** A server certificate and its key, with the authority behind it. */
  serverCertificate(hostname: string, nowMs: number, days: number): Promise<{ cert: string; key: string }>;
  /** List of revoked certificates, PEM. */
  crl(revoked: readonly { serial: string; revokedMs: number }[], nowMs: number): Promise<string>;
}

/** @throws AppError ca-unreadable, ca-key-open-to-others, ca-unusable */
export function openAuthority({ certFile, keyFile }: { certFile: string; keyFile: string }): Authority {
  const pem = read(certFile, "enrolment.ca_cert_file");
  const keyPem = read(keyFile, "enrolment.ca_key_file");
  const { mode } = statSync(keyFile);
  if ((mode & 0o077) !== 0)
    throw new AppError("ca-key-open-to-others", `${keyFile} has mode ${(mode & 0o777).toString(8)}; run chmod 600 ${keyFile}`);
  const { certificate, key } = parsed(pem, keyPem, certFile, keyFile);
  const issuer = new NodeCertificate(pem);
  const identifier = certificate.getExtension(SubjectKeyIdentifierExtension);
  const byAuthority: Extension[] = identifier ? [new AuthorityKeyIdentifierExtension(identifier.keyId)] : [];

  const make = async (options: {
    name: string;
    publicKey: PublicKey | webcrypto.CryptoKey;
    usage: ExtendedKeyUsage;
    more: Extension[];
    nowMs: number;
    days: number;
  }): Promise<{ pem: string; serial: string; notAfterMs: number }> => {
    // First byte below 0x80: a positive number; not below 0x40: nobody writes it without its leading zeros.
    const serial = randomBytes(16);
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
    const notAfterMs = Math.min(options.nowMs + options.days * dayMs, certificate.notAfter.getTime());
    const made = await X509CertificateGenerator.create({
      serialNumber: serial.toString("hex"),
      subject: [{ CN: [options.name] }],
      issuer: certificate.subjectName,
      notBefore: new Date(options.nowMs - backdatedMs),
      notAfter: new Date(notAfterMs),
      publicKey: options.publicKey,
      signingKey: key,
      signingAlgorithm: signing,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([options.usage]),
        ...byAuthority,
        ...options.more,
      ],
    });
    return { pem: made.toString("pem"), serial: serial.toString("hex"), notAfterMs };
  };
  const checkedRequest = async (csrPem: string, site: string): Promise<{ csr: Pkcs10CertificateRequest; keyHash: string }> => {
    const csr = await requestOf(csrPem);
    const [name, ...more] = csr.subjectName.getField("CN");
    if (name !== site || more.length > 0) throw badRequest(`its common name is "${name ?? "none"}", the code is for "${site}"`);
    return { csr, keyHash: createHash("sha256").update(Buffer.from(csr.publicKey.rawData)).digest("hex") };
  };
  return {
    pem: issuer.toString(),
    fingerprint: createHash("sha256").update(issuer.raw).digest("base64url"),
    async issue(csrPem, site, nowMs, days) {
      const { csr, keyHash } = await checkedRequest(csrPem, site);
      const { publicKey } = csr;
      return { ...(await make({ name: site, publicKey, usage: ExtendedKeyUsage.clientAuth, more: [], nowMs, days })), keyHash };
    },
    keyHashOf: async (csrPem, site) => (await checkedRequest(csrPem, site)).keyHash,
    async serverCertificate(hostname, nowMs, days) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const publicKey = pair.publicKey.toCryptoKey(ecdsa, true, ["verify"]);
      const names = new SubjectAlternativeNameExtension([{ type: isIP(hostname) ? "ip" : "dns", value: hostname }]);
      const made = await make({ name: hostname, publicKey, usage: ExtendedKeyUsage.serverAuth, more: [names], nowMs, days });
      const serverKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      return { cert: `${made.pem}\n${issuer.toString()}`, key: serverKey };
    },
    async crl(revoked, nowMs) {
      const list = await X509CrlGenerator.create({
        issuer: certificate.subjectName,
        thisUpdate: new Date(nowMs - backdatedMs),
        nextUpdate: new Date(nowMs + crlDays * dayMs),
        entries: revoked.map(({ serial, revokedMs }) => ({ serialNumber: serial, revocationDate: new Date(revokedMs) })),
        extensions: byAuthority,
        signingKey: key,
        signingAlgorithm: signing,
      });
      // The name that OpenSSL, and so the broker, looks for.
      return `${PemConverter.encode(list.rawData, "X509 CRL")}\n`;
    },
  };
}

async function requestOf(pem: string): Promise<Pkcs10CertificateRequest> {
  let csr: Pkcs10CertificateRequest;
  let holds: boolean;
  try {
    csr = new Pkcs10CertificateRequest(pem);
    holds = await csr.verify();
  } catch (cause) {
    throw badRequest(`it cannot be read: ${errorMessage(cause)}`, cause);
  }
  if (!holds) throw badRequest("its signature does not hold");
  const { algorithm } = csr.publicKey;
  if (algorithm.name !== "ECDSA" || !("namedCurve" in algorithm) || algorithm.namedCurve !== "P-256")
    throw badRequest("its key is not of the curve P-256");
  return csr;
}

function parsed(
  pem: string,
  keyPem: string,
  certFile: string,
  keyFile: string,
): { certificate: X509Certificate; key: webcrypto.CryptoKey } {
  let fits: boolean;
  let isAuthority: boolean;
  try {
    const [issuer, privateKey] = [new NodeCertificate(pem), createPrivateKey(keyPem)];
    fits = issuer.checkPrivateKey(privateKey);
    isAuthority = issuer.ca;
    if (fits && isAuthority)
      return { certificate: new X509Certificate(pem), key: privateKey.toCryptoKey(ecdsa, false, ["sign"]) };
  } catch (cause) {
    throw new AppError(
      "ca-unusable",
      `${certFile} and ${keyFile} are no certificate and P-256 key of an authority: ${errorMessage(cause)}`,
      { cause },
    );
  }
  const why = fits ? `${certFile} may not issue certificates (CA:TRUE is missing)` : `${keyFile} is not the key of ${certFile}`;
  throw new AppError("ca-unusable", why);
}

function read(file: string, field: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("ca-unreadable", `${file} (${field}) cannot be read: ${errorMessage(cause)}`, { cause });
  }
}

const badRequest = (why: string, cause?: unknown): AppError =>
  new AppError("enrol-bad-request", `the certificate request is refused: ${why}`, { cause });
