import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate with its private key, as files. */
export interface Certificate {
  certFile: string;
  keyFile: string;
}

/** Signs certificates for programs on this machine. */
export interface Authority {
  caFile: string;
  /** Makes FOLDER/uftp.crt and uftp.key, for a domain at 127.0.0.1. */
  issue(domain: string, folder: string): Certificate;
}

const hourMs = 3_600_000;
/** By the clock of the wall, which is what TLS asks. */
const goodForMs = 7 * 24 * hourMs;

/** An authority of the demo alone: its private key is never written. */
export function openAuthority(folder: string): Authority {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = "Smart-MLA demo CA";
  const caFile = join(folder, "ca.crt");
  const basic = (isCa: boolean): Buffer => extension("2.5.29.19", sequence(...(isCa ? [der(0x01, Buffer.of(0xff))] : [])), true);
  writeFileSync(caFile, certificate({ issuer: name, subject: name, key: own.publicKey, by: own.privateKey }, basic(true)));
  return {
    caFile,
    issue(domain, to) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const names = sequence(der(0x82, Buffer.from(domain)), der(0x87, Buffer.of(127, 0, 0, 1)));
      const made = { certFile: join(to, "uftp.crt"), keyFile: join(to, "uftp.key") };
      const subject = { issuer: name, subject: domain, key: publicKey, by: own.privateKey };
      writeFileSync(made.certFile, certificate(subject, basic(false), extension("2.5.29.17", names)));
      writeFileSync(made.keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      return made;
    },
  };
}

/** X.509 version 3, signed with ECDSA and SHA-256, as PEM. */
function certificate(
  { issuer, subject, key, by }: { issuer: string; subject: string; key: KeyObject; by: KeyObject },
  ...extensions: Buffer[]
): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const serial = randomBytes(16);
  // Neither negative nor with a zero in front.
  serial[0] = 0x40;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    algorithm,
    nameOf(issuer),
    sequence(utcTime(Date.now() - hourMs), utcTime(Date.now() + goodForMs)),
    nameOf(subject),
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign("sha256", body, by)]));
  const lines = sequence(body, algorithm, signature)
    .toString("base64")
    .replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));
}

/** Years until 2049. */
function utcTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/\D/g, "");
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
