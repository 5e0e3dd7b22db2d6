import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { agreementHash } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EventChange } from "../store/event-store.ts";
import type { ControlledTime } from "./agreed-resources.ts";
import { type ControlTerms, controlTerms } from "./beyond-control.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { begunSpans, isOnlyTold } from "./store-spans.ts";
import { withinControl } from "./within-control.ts";

/** What homes have agreed to, for those who plan and those who tell them. */
export interface Contracts {
  /** Limits of control of a home; null where it has agreed to none. */
  termsOf(site: string): ControlTerms | null;
  /** Events of a home that have begun and still count against its limits. */
  begun(site: string, nowMs: number): Promise<ControlledTime[]>;
  /** Lists as they may be sent: they name their contract and keep its limits. */
  underContract(site: string, lists: readonly InstructionList[], nowMs: number): Promise<InstructionList[]>;
  /** What such lists do to the times of control; to be kept together with them. */
  changesBy(site: string, lists: readonly InstructionList[], nowMs: number): Promise<EventChange[]>;
}

/** An event that began longer ago is of another service day. */
const longestMs = 2 * 24 * 3_600_000;

export function contracts(options: {
  agreements: ReadonlyMap<string, { agreement: Agreement }>;
  store: Pick<AggregatorStore, "resources" | "statuses" | "events" | "acceptedPlans">;
  recorder: EventRecorder;
  slotMinutes: number;
  log: Log;
}): Contracts {
  const { store, log } = options;
  const known = new Map(
    [...options.agreements].map(([site, { agreement }]) => [
      site,
      { hash: agreementHash(agreement), terms: controlTerms(agreement) },
    ]),
  );
  const begun = async (site: string, nowMs: number): Promise<ControlledTime[]> => {
    const events = await store.events(site, nowMs - longestMs, nowMs);
    const rewarded = events.map(({ resource, startMs, endMs }) => ({ resource, startMs, endMs }));
    const told = (await store.resources(site)).filter(isOnlyTold);
    if (told.length === 0 || !known.get(site)?.terms) return rewarded;
    const plans = await store.acceptedPlans(site, nowMs - longestMs, nowMs);
    return [...rewarded, ...told.flatMap((resource) => begunSpans(resource, plans, nowMs))];
  };
  const limited = async (site: string, lists: readonly InstructionList[], nowMs: number): Promise<readonly InstructionList[]> => {
    const terms = known.get(site)?.terms;
    if (!terms) return lists;
    const statuses = await store.statuses(site);
    const kept = withinControl(lists, terms, {
      resources: await store.resources(site),
      deliveredWh: (name) => statuses.find(({ resource }) => resource === name)?.deliveredWh ?? 0,
      begun: await begun(site, nowMs),
      nowMs,
      slotMs: options.slotMinutes * 60_000,
    });
    for (const { resource, startMs, endMs, why } of kept.cut)
      log.info({ site, resource, from: iso(startMs), until: iso(endMs), why }, "left to the home, its contract allows no more");
    return kept.lists;
  };
  return {
    termsOf: (site) => known.get(site)?.terms ?? null,
    begun,
    async underContract(site, lists, nowMs) {
      const agreement = known.get(site)?.hash;
      const allowed = await limited(site, lists, nowMs);
      return allowed.map((list) => ({ ...list, ...(agreement !== undefined && { agreement }) }));
    },
    async changesBy(site, lists, nowMs) {
      return known.has(site) ? options.recorder.given(site, lists, nowMs) : [];
    },
  };
}
