import { createHash } from "node:crypto";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { EnrolAnswer, EnrolRequest, RenewRequest } from "../../core/message/enrolment.ts";
import type { AuditStore } from "../store/audit-store.ts";
import type { EnrolmentStore } from "../store/enrolment-store.ts";
import type { ErasureStore } from "../store/erasure-store.ts";
import type { Authority } from "./authority.ts";

/** What gateways are told apart from their certificate. */
export type Told = Pick<EnrolAnswer, "aggregator" | "brokerUrl" | "controlKeys">;

/** Who stands at the other end of a connection: the client certificate that TLS has checked. */
export interface Client {
  site: string;
  /** Lower-case hex. */
  serial: string;
}

/** Where gateways get their certificates. */
export interface Desk {
  /** @throws AppError enrol-code-unknown, enrol-code-used, enrol-code-expired, enrol-unknown-site, enrol-bad-request */
  enrol(request: EnrolRequest): Promise<EnrolAnswer>;
  /** @throws AppError enrol-revoked, enrol-unknown-site, enrol-bad-request */
  renew(request: RenewRequest, client: Client): Promise<EnrolAnswer>;
  /** Deletes the personal data of the client's home. @throws AppError enrol-revoked */
  erase(client: Client): Promise<Record<string, number>>;
}

/** What stands in the database in place of a code. The code holds 192 random bits, so no salt is needed. */
export function hashOfCode(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Common name by which the broker knows the aggregator itself: whoever had it could speak to every home. */
const reservedName = "aggregator";

/** @throws AppError enrol-unknown-site, enrol-reserved-name */
export function demandEnrollable(site: string, sites: ReadonlySet<string>): void {
  if (!sites.has(site))
    throw new AppError(
      "enrol-unknown-site",
      `site "${site}" is not under sites in the aggregator's configuration; its operator adds it and restarts the aggregator`,
    );
  if (site === reservedName)
    throw new AppError(
      "enrol-reserved-name",
      `"${site}" is the aggregator's own name at the broker; give the gateway another id`,
    );
}

export function enrolmentDesk(options: {
  authority: Authority;
  store: EnrolmentStore & ErasureStore & AuditStore<EnrolmentStore & ErasureStore>;
  /** Sites of the configuration. */
  sites: ReadonlySet<string>;
  told: Told;
  certificateDays: number;
  /** Wall time: certificates live by it. */
  now: () => number;
  log: Log;
  onEnrolled: (site: string) => void;
  onErased: (site: string) => Promise<void>;
}): Desk {
  const { authority, store, sites, told, now, log } = options;
  const answer = (site: string, certificate: string): EnrolAnswer => ({ v: 1, ...told, gatewayId: site, certificate });
  const demandSite = (site: string): void => demandEnrollable(site, sites);
  const demandGood = async ({ site, serial }: Client): Promise<void> => {
    const certificate = await store.certificate(serial);
    if (!certificate || certificate.site !== site || certificate.revokedMs !== null)
      throw new AppError(
        "enrol-revoked",
        `the certificate of "${site}" ${certificate ? "was revoked" : "was not issued here"}; ask the operator for a new code`,
      );
  };
  return {
    async enrol({ code, csr }) {
      const hash = hashOfCode(code);
      const known = await store.code(hash);
      if (!known)
        throw new AppError("enrol-code-unknown", "this code is not known; copy it again, or ask the operator for a new one");
      const { site } = known;
      demandSite(site);
      const used = (): AppError =>
        new AppError("enrol-code-used", `the code for "${site}" was used already; ask the operator for a new one`);
      if (known.serial !== null) {
        // The answer may have been lost on its way: whoever holds the key of that certificate may hear it again.
        const given = await store.certificate(known.serial);
        if (!given || given.revokedMs !== null || given.keyHash !== (await authority.keyHashOf(csr, site))) throw used();
        return answer(site, given.pem);
      }
      if (known.expiresMs <= now())
        throw new AppError("enrol-code-expired", `the code ran out at ${iso(known.expiresMs)}; ask the operator for a new one`);
      const issuedMs = now();
      const issued = await authority.issue(csr, site, issuedMs, options.certificateDays);
      const detail = { serial: issued.serial, until: iso(issued.notAfterMs) };
      const redeemed = await store.audited(
        (part) => part.redeem(hash, { ...issued, site, issuedMs, revokedMs: null }),
        (done) => (done ? { atMs: issuedMs, who: `gateway ${site}`, action: "enrol.gateway", site, detail } : null),
      );
      if (!redeemed) throw used();
      options.onEnrolled(site);
      log.info({ site, serial: issued.serial, until: iso(issued.notAfterMs) }, "gateway enrolled");
      return answer(site, issued.pem);
    },
    async renew({ csr }, client) {
      demandSite(client.site);
      await demandGood(client);
      const issuedMs = now();
      const issued = await authority.issue(csr, client.site, issuedMs, options.certificateDays);
      if (!(await store.addRenewed(client.serial, { ...issued, site: client.site, issuedMs, revokedMs: null })))
        throw new AppError("enrol-revoked", `the certificate of "${client.site}" was revoked; ask the operator for a new code`);
      log.info({ site: client.site, serial: issued.serial, until: iso(issued.notAfterMs) }, "certificate renewed");
      return answer(client.site, issued.pem);
    },
    async erase(client) {
      // Who asks again, because the answer was lost on its way, hears that there is nothing left.
      if (!(await store.erasedSites()).includes(client.site)) await demandGood(client);
      const { site } = client;
      const atMs = now();
      const erased = await store.audited(
        (part) => part.eraseSite(site, atMs),
        (rows) => ({ atMs, who: `gateway ${site}`, action: "erase.readings", site, detail: { rows } }),
      );
      await options.onErased(site);
      log.warn({ site, erased }, "home took back its data: deleted");
      return erased;
    },
  };
}
