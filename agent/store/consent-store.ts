import { Consent } from "../../core/consent.ts";
import type { Db } from "./open-database.ts";

/** A statement and its signed form. */
export interface SignedConsent {
  consent: Consent;
  /** Compact JWS. */
  text: string;
}

/** What the household said about its data; nothing is ever taken out. */
export interface ConsentStore {
  add(signed: SignedConsent): void;
  /** The newest statement of each scope. */
  newest(): SignedConsent[];
}

/** These in the agent's database. */
export function consentStore(db: Db): ConsentStore {
  const insert = db.prepare("insert into consent (scope, at_ms, body, text) values (?, ?, ?, ?)");
  const newest = db.prepare<[], { body: string; text: string }>(
    "select body, text from consent where id in (select max(id) from consent group by scope) order by id",
  );
  return {
    add: ({ consent, text }) => void insert.run(consent.scope, Date.parse(consent.at), JSON.stringify(consent), text),
    newest: () => newest.all().map(({ body, text }) => ({ consent: Consent.parse(JSON.parse(body)), text })),
  };
}
