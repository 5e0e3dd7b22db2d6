import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { parseEnrolCode } from "../../core/enrol-code.ts";
import { EnrolAnswer, EraseAnswer } from "../../core/message/enrolment.ts";
import { certificateRequest, newClientKey } from "./certificate-request.ts";
import { askEnrolment, pinnedAuthority, type EnrolmentServer } from "./enrolment-client.ts";
import {
  dropOldKeys,
  enrolmentFiles,
  pendingEnrolment,
  readEnrolment,
  type Enrolment,
  type PendingEnrolment,
} from "./enrolment-folder.ts";

/** What is in force now. */
export interface Enrolled {
  gatewayId: string;
  aggregator: string;
  brokerUrl: string;
  controlKeys: string[];
  /** When the certificate runs out, ms. */
  untilMs: number;
}

/**
 * Enrols this gateway by a one-time code. Until the very end whatever was in force stays.
 * @throws AppError enrol-bad-code, -unreachable, -untrusted-server, -code-unknown, -code-used, -code-expired, -bad-answer, …
 */
export async function enrol(stateFolder: string, code: string): Promise<Enrolled> {
  const { url, fingerprint, secret, site } = parseEnrolCode(code);
  const server = { url, ca: await pinnedAuthority(url, fingerprint) };
  const pending = pendingEnrolment(stateFolder, newClientKey);
  const body = { v: 1, code: secret, csr: await certificateRequest(pending.keyPem, site) };
  const answer = await askEnrolment(server, { path: "/enrol", body, schema: EnrolAnswer });
  // The keys that came with the code are the ones to begin with.
  const enrolled = take(pending, answer, { server, site, keepsKeys: false });
  dropOldKeys(stateFolder);
  return enrolled;
}

/**
 * Gets a certificate for a new key, by the one that is in force. Nothing is asked while that one has more than a third of
 * its time left, unless `now` says so.
 * @returns what is in force, and whether it is new
 * @throws AppError enrol-not-enrolled, and as enrol
 */
export async function renewEnrolment(
  stateFolder: string,
  { now, nowMs }: { now: boolean; nowMs: number },
): Promise<Enrolled & { renewed: boolean }> {
  const { enrolment, server, identity } = inForce(stateFolder);
  const certificate = new X509Certificate(identity.cert);
  const [fromMs, untilMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!now && untilMs - nowMs > (untilMs - fromMs) / 3) return { ...told(enrolment, untilMs), renewed: false };
  if (untilMs <= nowMs)
    throw new AppError("enrol-expired", `the certificate ran out at ${iso(untilMs)}; ask the operator for a new code`);
  const pending = pendingEnrolment(stateFolder, newClientKey);
  const body = { v: 1, csr: await certificateRequest(pending.keyPem, enrolment.gatewayId) };
  const answer = await askEnrolment(server, { path: "/renew", body, schema: EnrolAnswer, identity });
  // Whose orders are followed is not the enrolment's to change: control keys follow one another by their own signatures.
  const { controlKeys } = enrolment;
  return { ...take(pending, { ...answer, controlKeys }, { server, site: enrolment.gatewayId, keepsKeys: true }), renewed: true };
}

/** Has the aggregator delete this home's data; gives what it deleted, in rows. @throws AppError enrol-not-enrolled, and as enrol */
export async function eraseAtAggregator(stateFolder: string): Promise<Record<string, number>> {
  const { server, identity } = inForce(stateFolder);
  return (await askEnrolment(server, { path: "/erase", body: { v: 1 }, schema: EraseAnswer, identity })).erased;
}

function inForce(stateFolder: string): {
  enrolment: Enrolment;
  server: EnrolmentServer;
  identity: { key: string; cert: string };
} {
  const enrolment = readEnrolment(stateFolder);
  if (!enrolment)
    throw new AppError(
      "enrol-not-enrolled",
      `nothing is enrolled in ${stateFolder}; get a code from the operator and run smart-mla enrol CODE`,
    );
  const { keyFile, certFile, caFile } = enrolmentFiles(stateFolder);
  const [key = "", cert = "", ca = ""] = [keyFile, certFile, caFile].map((file) => {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw new AppError("enrolment-unreadable", `${file} cannot be read: ${errorMessage(cause)}; enrol again`, { cause });
    }
  });
  return { enrolment, server: { url: enrolment.url, ca }, identity: { key, cert } };
}

/** Checks the answer before it replaces what is in force. @throws AppError enrol-bad-answer */
function take(
  pending: PendingEnrolment,
  answer: EnrolAnswer,
  from: { server: EnrolmentServer; site: string; keepsKeys: boolean },
): Enrolled {
  const { server, site, keepsKeys } = from;
  const bad = (why: string): AppError =>
    new AppError("enrol-bad-answer", `${server.url} sent a certificate that ${why}; nothing was changed`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(answer.certificate);
  } catch (cause) {
    throw bad(`cannot be read (${errorMessage(cause)})`);
  }
  if (!certificate.checkPrivateKey(createPrivateKey(pending.keyPem))) throw bad("is for another key");
  if (!certificate.verify(new X509Certificate(server.ca).publicKey)) throw bad("its authority did not sign");
  if (certificate.subject !== `CN=${site}` || answer.gatewayId !== site) throw bad(`is not for "${site}"`);
  const { aggregator, gatewayId, brokerUrl, controlKeys } = answer;
  const enrolment: Enrolment = { v: 1, aggregator, gatewayId, brokerUrl, url: server.url, controlKeys };
  pending.commit(enrolment, answer.certificate, server.ca, { keepsKeys });
  return told(enrolment, Date.parse(certificate.validTo));
}

function told({ gatewayId, aggregator, brokerUrl, controlKeys }: Enrolment, untilMs: number): Enrolled {
  return { gatewayId, aggregator, brokerUrl, controlKeys: controlKeys.map(({ kid }) => kid), untilMs };
}
