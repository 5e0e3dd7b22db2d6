import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** A certificate with its private key, as files. */
export interface Certificate {
  certFile: string;
  keyFile: string;
}

/** A small CA in a folder. */
export interface CertificateAuthority {
  caFile: string;
  /** Its private key. */
  caKeyFile: string;
  /** Makes a certificate that is good for one day; `names` are its subject alternative names, such as "IP:127.0.0.1". */
  issue(commonName: string, names?: readonly string[]): Certificate;
}

/** @param openssl path of openssl, from peer("openssl") */
export function certificateAuthority(openssl: string, folder: string, name = "ca"): CertificateAuthority {
  const make = (file: string, commonName: string, more: readonly string[]): Certificate => {
    const made = { certFile: join(folder, `${file}.crt`), keyFile: join(folder, `${file}.key`) };
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made.keyFile];
    const args = ["req", "-x509", ...key, "-out", made.certFile, "-subj", `/CN=${commonName}`, "-days", "1", ...more];
    execFileSync(openssl, args, { stdio: "ignore" });
    return made;
  };
  const own = make(name, `Test CA ${name}`, []);
  return {
    caFile: own.certFile,
    caKeyFile: own.keyFile,
    issue: (commonName, names = []) =>
      make(`${name}-${commonName}`, commonName, [
        "-CA",
        own.certFile,
        "-CAkey",
        own.keyFile,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        ...(names.length > 0 ? ["-addext", `subjectAltName=${names.join(",")}`] : []),
      ]),
  };
}
