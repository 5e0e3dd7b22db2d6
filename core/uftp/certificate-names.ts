import type { PeerCertificate } from "node:tls";

/** Whom a certificate is for: its common name and its alternative names. @param certificate null where its connection is gone */
export function certificateNames(certificate: Partial<PeerCertificate> | null): string[] {
  const { subject, subjectaltname } = certificate ?? {};
  const alternative = (subjectaltname ?? "").split(",").map((name) => name.trim().replace(/^DNS:/, ""));
  return [subject?.CN ?? [], alternative].flat().filter((name) => name !== "");
}
