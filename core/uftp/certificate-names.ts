import type { PeerCertificate } from "node:tls";

/** Whom a certificate is for: its common name and its alternative names. */
export function certificateNames({ subject, subjectaltname }: Partial<PeerCertificate>): string[] {
  const alternative = (subjectaltname ?? "").split(",").map((name) => name.trim().replace(/^DNS:/, ""));
  return [subject?.CN ?? [], alternative].flat().filter((name) => name !== "");
}
