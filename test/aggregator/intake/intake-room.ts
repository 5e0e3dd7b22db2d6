import { intake } from "../../../aggregator/intake/intake.ts";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { rejections } from "../../../core/rejections.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { midnightMs, scratchStore } from "../rows.ts";

/** More homes than a and b. */
export const flooding = ["c", "d", "e", "f"];

/** An intake over a real store, and what it did. */
export async function intakeRoom(change: { failingStore?: true; offline?: true; store?: AggregatorStore } = {}) {
  const store = change.store ?? (await scratchStore()).store;
  const log = silentLog();
  const rejected = rejections(log, () => 0);
  const events: string[] = [];
  const send: Send = async (site, type, rest, body) => {
    if (change.offline) throw new AppError("mqtt-offline", "away", { temporary: true });
    events.push(`${site} ${type} ${rest} ${JSON.stringify(body)}`);
  };
  const inbound = intake({
    aggregator: "agg",
    sites: new Set(["a", "b", ...flooding]),
    store: {
      ...store,
      async ingest(site, rows) {
        if (change.failingStore) throw new Error("disk full");
        const result = await store.ingest(site, rows);
        events.push(`stored ${result.added}`);
        return result;
      },
    },
    send,
    clock: fakeClock(midnightMs),
    log,
    rejections: rejected,
    onState: (site, { state }) => events.push(`${site} is ${state}`),
    onResource: (site) => events.push(`${site} has a resource`),
    onStatus: (site, { resource }) => void events.push(`${site} tells of ${resource}`),
    onTraded: (site) => events.push(`${site} has traded`),
    onAnswer: (site, { status }) => void events.push(`${site} says ${status}`),
    onSlots: (site) => events.push(`${site} has slots`),
    onSettlement: async (site, { kind }) => void events.push(`${site} ${kind}`),
  });
  const take = (site: string, rest: string, body: unknown) =>
    inbound.take({
      site,
      rest,
      topic: `sma/1/x/${site}/up/${rest}`,
      text: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { store, log, rejected, events, take, close: inbound.close, isOpen: inbound.isOpen };
}
