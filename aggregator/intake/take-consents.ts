import { AppError } from "../../core/app-error.ts";
import { readConsent, type ConsentMessage } from "../../core/consent.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/**
 * Keeps what a household says about its data. The key that signed the first statement of a site signs all later ones.
 * @param aggregator own id
 * @throws AppError consent-malformed, consent-foreign; statements before the bad one are kept
 */
export async function takeConsents(
  site: string,
  { consents }: ConsentMessage,
  { store, aggregator }: { store: Pick<AggregatorStore, "consentKey" | "saveConsent" | "saveTraded">; aggregator: string },
): Promise<void> {
  for (const text of consents) {
    const { consent, thumbprint } = await readConsent(text);
    if (consent.site !== site || consent.aggregator !== aggregator)
      throw new AppError("consent-foreign", `a consent of ${consent.site} to ${consent.aggregator} came from ${site}`);
    const pinned = await store.consentKey(site, thumbprint);
    if (pinned !== thumbprint)
      throw new AppError("consent-foreign", `${site} signs its consents with another key than before (${pinned})`);
    await store.saveConsent(site, consent, text);
    // What is no business of the aggregator's any more is not kept until the home's next word.
    if (consent.scope === "trades" && !consent.given) await store.saveTraded(site, { v: 1, at: consent.at, slots: [] });
  }
}
