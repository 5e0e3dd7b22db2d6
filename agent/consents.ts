import type { JWK } from "jose";
import { z } from "zod";
import { AppError } from "../core/app-error.ts";
import { iso, type Clock } from "../core/clock/clock.ts";
import { ConsentScope, signConsent, type Consent, type ConsentMessage } from "../core/consent.ts";
import { createControlKey } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import { parseAs } from "../core/parse-as.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ConsentStore } from "./store/consent-store.ts";

/** What may leave the house now. */
export interface Sharing {
  /** Single readings of the grid meter this often; 900 s and more: none, and no slots finer than a quarter of an hour. */
  intervalMs: number;
  /** Energy and switchings of single appliances. */
  applianceDetail: boolean;
  /** What was traded at an exchange, as sums of each slot. */
  trades: boolean;
}

/** Totals of so long need no consent. */
const totalMs = 900_000;

/** Whether the energy of a slot may leave the house. */
export function slotMayLeave(
  { meter, startMs, endMs }: { meter: string; startMs: number; endMs: number },
  { intervalMs, applianceDetail }: Sharing,
  gridMeter: string,
): boolean {
  return (meter === gridMeter || applianceDetail) && (endMs - startMs >= totalMs || intervalMs < totalMs);
}

/** What is asked over the agent's socket. */
export const ConsentRequest = z.strictObject({
  scope: ConsentScope,
  given: z.boolean(),
  everyS: z.int().min(10).max(899).optional(),
  /** ms since 1970; null: until it is taken back. */
  untilMs: z.int().nullable().default(null),
});

/** The household's say over its data. */
export interface Consents {
  sharing(): Sharing;
  /** Signs and keeps a statement; it holds at once. @throws AppError consent-malformed, consent-without-aggregator */
  say(request: unknown): Promise<Consent>;
  /** The newest statement of each scope. */
  all(): Consent[];
  /** These as they are told to the aggregator. */
  message(): ConsentMessage;
}

const defaultEveryS = 60;
const nothing: Sharing = { intervalMs: totalMs, applianceDetail: false, trades: false };

/**
 * Opens what was said so far. What the installer wrote into the configuration counts until a resident has said something
 * about it, and is taken back with it.
 */
export async function openConsents(parts: {
  config: Pick<AgentConfig, "aggregator" | "shareIntervalS" | "shareApplianceDetail" | "shareTrades">;
  store: ConsentStore;
  /** The household's own signing key as JSON of a JWK, made by `draw` at the first call. */
  key: (draw: () => Uint8Array) => Uint8Array;
  clock: Clock;
  log: Log;
  onChange: () => void;
}): Promise<Consents> {
  const { config, store, clock, log } = parts;
  const made = await createControlKey("consent");
  const privateJwk = JSON.parse(
    Buffer.from(parts.key(() => Buffer.from(JSON.stringify(made.privateJwk)))).toString("utf8"),
  ) as JWK;
  let newest = store.newest();

  const keep = async (said: Pick<Consent, "scope" | "given" | "everyS" | "until" | "by">): Promise<Consent> => {
    const { aggregator } = config;
    if (!aggregator)
      throw new AppError(
        "consent-without-aggregator",
        "the agent has no aggregator (none configured, not enrolled, or not restarted since): nothing leaves this house",
      );
    const consent: Consent = { v: 1, site: aggregator.gatewayId, aggregator: aggregator.id, at: iso(clock.now()), ...said };
    store.add({ consent, text: await signConsent(privateJwk, consent) });
    newest = store.newest();
    log.info({ scope: said.scope, given: said.given, by: said.by }, "consent");
    parts.onChange();
    return consent;
  };
  const configured: Record<ConsentScope, { given: boolean; everyS?: number }> = {
    readings: { given: config.shareIntervalS < 900, everyS: config.shareIntervalS },
    appliances: { given: config.shareApplianceDetail },
    trades: { given: config.shareTrades },
  };
  if (config.aggregator)
    for (const scope of ConsentScope.options) {
      const before = newest.find(({ consent }) => consent.scope === scope)?.consent;
      const { given, everyS } = configured[scope];
      const same = before ? before.given === given && (!given || before.everyS === everyS) : !given;
      if (before?.by === "resident" || same) continue;
      await keep({ scope, given, ...(given && everyS !== undefined && { everyS }), until: null, by: "configuration" });
    }
  const inForce = (scope: ConsentScope): Consent | undefined => {
    const found = newest.find(({ consent }) => consent.scope === scope)?.consent;
    return found?.given && (found.until === null || Date.parse(found.until) > clock.now()) ? found : undefined;
  };
  return {
    sharing() {
      const readings = inForce("readings");
      return {
        intervalMs: readings ? (readings.everyS ?? defaultEveryS) * 1000 : nothing.intervalMs,
        applianceDetail: inForce("appliances") !== undefined,
        trades: inForce("trades") !== undefined,
      };
    },
    say(request) {
      const { scope, given, everyS, untilMs } = parseAs(ConsentRequest, request, "consent-malformed");
      if (untilMs !== null && untilMs <= clock.now())
        throw new AppError("consent-malformed", `a consent until ${iso(untilMs)} is over already; name a later time`);
      const every = scope === "readings" && given ? { everyS: everyS ?? defaultEveryS } : {};
      return keep({ scope, given, ...every, until: given && untilMs !== null ? iso(untilMs) : null, by: "resident" });
    },
    all: () => newest.map(({ consent }) => consent),
    message: () => ({ v: 1, consents: newest.map(({ text }) => text) }),
  };
}
