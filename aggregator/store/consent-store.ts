import type { Kysely } from "kysely";
import { Consent } from "../../core/consent.ts";
import type { AggregatorStore } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

type ConsentStore = Pick<AggregatorStore, "consentKey" | "saveConsent" | "consents">;

/** What households allowed and took back, signed by them; nothing is ever taken out. */
export function consentStore(db: Kysely<Tables>): ConsentStore {
  return {
    async consentKey(site, thumbprint) {
      // The first one counts: whoever comes later has to show the same.
      await db
        .insertInto("consent_key")
        .values({ site, thumbprint })
        .onConflict((on) => on.doNothing())
        .execute();
      const row = await db.selectFrom("consent_key").select("thumbprint").where("site", "=", site).executeTakeFirst();
      return row?.thumbprint ?? thumbprint;
    },
    async saveConsent(site, consent, text) {
      await db
        .insertInto("consent")
        .values({ site, scope: consent.scope, at_ms: Date.parse(consent.at), body: JSON.stringify(consent), text })
        .onConflict((on) => on.doNothing())
        .execute();
    },
    async consents(site) {
      const rows = await db.selectFrom("consent").selectAll().where("site", "=", site).orderBy("at_ms").execute();
      return rows.map(({ body, text }) => ({ consent: Consent.parse(JSON.parse(body)), text }));
    },
  };
}
