import { type DisputeView, type resolutions, resolveDispute, viewDispute } from "../../aggregator/settle/resolve-dispute.ts";
import { evidenceOfCase } from "../../aggregator/settle/unsigned-import.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { iso } from "../../core/clock/clock.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { wholeNumber } from "../whole-number.ts";
import { whoAsks } from "./who.ts";
import { openLivedStore } from "./lived-store.ts";

/** Entries of one listing. */
const most = 1000;

/**
 * `smart-mla aggregator disputes list -c FILE [--all] [--json]`: what waits for a person, with both sides' figures. The
 * aggregator may run. Exit 1 where something waits.
 */
export async function disputesList(
  options: { config: string; all?: true; json?: true },
  say: (line: string) => void,
): Promise<number> {
  return withStore(options.config, async (store) => {
    const found = await store.disputes({ open: !options.all, limit: most });
    const views: DisputeView[] = [];
    for (const dispute of found) views.push(await viewDispute(store, dispute, Date.now()));
    if (options.json) say(JSON.stringify({ items: views.map(wireOf) }));
    else if (views.length === 0) say("nothing waits");
    else for (const view of views) for (const line of linesOf(view)) say(line);
    return views.some(({ resolution }) => resolution === null) ? exitCode.checkFailed : exitCode.good;
  });
}

/**
 * `smart-mla aggregator disputes resolve ID again|home|skip -c FILE [--json]`: decides one. A running aggregator goes on from
 * there within five minutes.
 * @throws AppError of resolveDispute
 */
export async function disputesResolve(
  id: string,
  resolution: (typeof resolutions)[number],
  options: { config: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const number = wholeNumber("ID", id, { least: 1 });
  return withStore(options.config, async (store) => {
    const { site, seq, record } = await resolveDispute(store, number, resolution, Date.now(), whoAsks());
    if (options.json) say(JSON.stringify({ id: number, site, seq, resolution }));
    else say(`${site}: record ${seq} (${record ? `${record.kind} ${record.start} to ${record.end}` : "?"}) ${done[resolution]}`);
    return exitCode.good;
  });
}

/**
 * `smart-mla aggregator disputes evidence ID -c FILE`: what a home that does not sign was supplied with, row by row, as one
 * JSON object; to go with a bill.
 * @throws AppError of evidenceOfCase
 */
export async function disputesEvidence(id: string, options: { config: string }, say: (line: string) => void): Promise<number> {
  const number = wholeNumber("ID", id, { least: 1 });
  return withStore(options.config, async (store) => {
    const { amount, ...rest } = await evidenceOfCase(store, number, Date.now());
    say(JSON.stringify({ ...rest, amount: String(amount) }));
    return exitCode.good;
  });
}

const done = {
  again: "is proposed again from the slots that are here",
  home: "is proposed again from the slots that the home sent last",
  skip: "is left out: that period is never settled",
} as const;

async function withStore(file: string, work: (store: AggregatorStore) => Promise<number>): Promise<number> {
  const store = await openLivedStore(readAggregatorConfig(file).database);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function wireOf({ atMs, resolvedMs, ...rest }: DisputeView): object {
  return { ...rest, at: iso(atMs), resolved: resolvedMs === null ? null : iso(resolvedMs) };
}

function linesOf({
  id,
  site,
  seq,
  source,
  code,
  message,
  own,
  record,
  proposed,
  slots,
  unsigned,
  resolution,
  atMs,
}: DisputeView): string[] {
  const period = record ? `${record.kind} ${record.start} to ${record.end}` : "";
  return [
    `${id}  ${site}/${seq}  ${iso(atMs)}  ${resolution === null ? "open" : `resolved: ${resolution}`}  ${code}  ${period}`,
    `    ${source}: ${message}`,
    ...(proposed && source === "home"
      ? [`    proposed ${proposed.wh} Wh, ${proposed.amount} micro-units; the home's own figures ${JSON.stringify(own)}`]
      : []),
    ...(slots
      ? [`    slots here give ${slots.first ?? "nothing yet"} Wh, those sent last ${slots.last ?? "nothing yet"} Wh`]
      : []),
    ...(unsigned
      ? [`    by now ${unsigned.wh} Wh from ${unsigned.from} to ${unsigned.until}, ${unsigned.amount} micro-units`]
      : []),
  ];
}
