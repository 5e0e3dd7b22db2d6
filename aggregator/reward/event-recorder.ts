import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Slot } from "../../core/slots.ts";
import { isPlanned, onMode, type PlannedResource } from "../optimise/resource-modes.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EventChange, FlexEvent } from "../store/event-store.ts";
import { controlSpans } from "./control-spans.ts";
import { type EventDraft, eventDraft } from "./event-draft.ts";
import type { Worth } from "./worth.ts";

/** Parts that the recorder works with. */
export interface RecorderOptions {
  store: Pick<AggregatorStore, "resources" | "statuses" | "events" | "planAnswer" | "gridMeter">;
  worth: Worth;
  slotMinutes: number;
  log: Log;
}

/** Writes down when homes are under control, so that it can be rewarded. */
export interface EventRecorder {
  /**
   * What lists that are about to be kept, with the contract that they name, do to the times of control. Events of earlier lists
   * that have not begun are taken back; one that runs goes on under its first plan where the new list goes on with it, and ends
   * where it does not. Nothing is written of it here: it counts if the lists are kept.
   */
  given(site: string, lists: readonly InstructionList[], nowMs: number): Promise<EventChange[]>;
}

/** The same over the store; prices of the time that events cover are frozen first. */
export function eventRecorder({ store, worth, slotMinutes, log }: RecorderOptions): EventRecorder {
  const slotMs = slotMinutes * 60_000;
  const nextSlot = (atMs: number): number => Math.ceil(atMs / slotMs) * slotMs;
  const runningEvent = async (
    draft: EventDraft,
    site: string,
    resource: string,
    nowMs: number,
  ): Promise<FlexEvent | undefined> => {
    const touching = await draft.events(site, nowMs, nowMs + 1);
    const found = touching.find((event) => event.resource === resource && event.startMs < nowMs && !event.overridden);
    if (!found || (await store.planAnswer(site, found.plan)) === "ACCEPTED") return found;
    // A plan that the home has not taken controls nothing so far.
    draft.end(found, nextSlot(nowMs));
    return undefined;
  };
  const endRunning = (
    draft: EventDraft,
    { event, list, resource, nowMs }: { event: FlexEvent; list: InstructionList; resource: PlannedResource; nowMs: number },
  ): void => {
    const stillRuns = resource.demand.kind === "energy" && list.instructions.length > 0;
    // The window goes on, and with it what was moved within it; a block is made up for as long as it lasted.
    if (stillRuns) return;
    const endMs = nextSlot(nowMs) + (resource.demand.kind === "block" ? nextSlot(nowMs) - event.startMs : 0);
    if (endMs < event.endMs) draft.end(event, endMs);
  };
  const add = async (
    draft: EventDraft,
    site: string,
    list: InstructionList,
    resource: PlannedResource,
    span: Slot,
  ): Promise<void> => {
    const { plan, agreement } = list;
    if (agreement === undefined) return;
    const own = resource.meter;
    const meter = own ?? (await store.gridMeter(site));
    if (meter === null)
      return log.warn(
        { site, resource: resource.resource },
        "home under control before a slot of any of its meters has come; it counts from its next plan on",
      );
    // Of two appliances behind one meter the first has the event: no meter's time counts twice.
    const others = (await draft.events(site, span.startMs, span.endMs)).filter((one) => one.meter === meter && !one.overridden);
    const startMs = Math.max(span.startMs, ...others.map(({ endMs }) => endMs));
    if (startMs >= span.endMs) return;
    const measured = resource.demand.kind === "energy" ? "charge_now" : "evenly";
    draft.add({
      site,
      plan,
      resource: resource.resource,
      agreement,
      meter,
      baseline: own === undefined ? "ten_of_ten" : measured,
      startMs,
      endMs: span.endMs,
      powerW: own === undefined ? null : onMode(resource).powerW,
      overridden: false,
      excused: false,
    });
    log.info({ site, resource: resource.resource, plan, from: iso(startMs), until: iso(span.endMs) }, "home under control");
  };
  const record = async (
    draft: EventDraft,
    site: string,
    list: InstructionList,
    resource: PlannedResource,
    nowMs: number,
  ): Promise<void> => {
    const status = (await store.statuses(site)).find((one) => one.resource === list.resource);
    const spans = controlSpans(resource, list, { deliveredWh: status?.deliveredWh ?? 0, nowMs, slotMs });
    const running = await runningEvent(draft, site, list.resource, nowMs);
    draft.withdraw(site, list.resource, nowMs);
    const [first] = spans;
    const goesOn = running && first && first.startMs <= Math.max(running.endMs, nextSlot(nowMs)) ? first : undefined;
    if (running && goesOn) {
      if (goesOn.endMs !== running.endMs) draft.end(running, goesOn.endMs);
    } else if (running) endRunning(draft, { event: running, list, resource, nowMs });
    for (const span of spans) if (span !== goesOn) await add(draft, site, list, resource, span);
  };
  return {
    async given(site, lists, nowMs) {
      await worth.freeze(nowMs);
      const draft = eventDraft(store);
      const resources = (await store.resources(site)).filter(isPlanned);
      for (const list of lists) {
        const resource = resources.find((one) => one.resource === list.resource);
        if (resource) await record(draft, site, list, resource, nowMs);
      }
      return draft.changes();
    },
  };
}
