// The library of certificates finds its parts by it, and says so where it is not there first.
import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

const ecdsa = { name: "ECDSA", namedCurve: "P-256" };

/** A new private key, PKCS#8 PEM. P-256 is what secure elements of gateways hold, too. */
export function newClientKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A request (PKCS#10 PEM) for a certificate of this key, with the gateway's id as common name. */
export async function certificateRequest(keyPem: string, gatewayId: string): Promise<string> {
  const keys = {
    privateKey: createPrivateKey(keyPem).toCryptoKey(ecdsa, false, ["sign"]),
    publicKey: createPublicKey(keyPem).toCryptoKey(ecdsa, true, ["verify"]),
  };
  const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [gatewayId] }], keys, signingAlgorithm });
  return request.toString("pem");
}
