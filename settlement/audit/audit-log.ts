import { AppError, errorMessage } from "../../core/app-error.ts";
import type { ChainEvent } from "../chain/chain-events.ts";
import type { EpochSource, WantedEpoch } from "../log/epoch-source.ts";
import { fetchEpoch } from "../log/fetch-epoch.ts";
import { recordDigest } from "../record/record.ts";
import { type Committed, wantedEpoch } from "../log/wanted-epoch.ts";
import { epochPlace, recordPlace } from "./places.ts";
import { type AuditState, takeRecord } from "./record-intake.ts";

export type Published = Extract<ChainEvent, { name: "Published" }>;

/** Goes through all epochs and published records in the order of the chain, and checks each record that is public. */
export async function auditLog(state: AuditState, sources: readonly EpochSource[]): Promise<void> {
  const epochs = new Map<string, number>();
  for (const event of state.events) {
    if (event.name === "Published") takePublished(event, state);
    if (event.name !== "Committed") continue;
    const { by, epoch, timeS } = event;
    const before = epochs.get(by) ?? 0;
    if (epoch !== before + 1) {
      state.without.add(by);
      state.say.find("events", "unknown", "epochs-skipped", epochPlace(event), `follows epoch ${before}; events are missing`);
    }
    epochs.set(by, epoch);
    state.newestEpochS.set(by, timeS);
    await takeEpoch(event, sources, state);
  }
}

async function takeEpoch(event: Committed, sources: readonly EpochSource[], state: AuditState): Promise<void> {
  const { by, epoch, timeS } = event;
  const { say, domain } = state;
  const place = epochPlace(event);
  say.checked("data");
  const wanted = wantedOf(event, state);
  const fetched = wanted && (await fetchEpoch(domain, wanted, sources));
  for (const { source, message, binding } of fetched?.complaints ?? [])
    if (!binding) say.find("data", "note", "source-differs", place, `${source}: ${message}`);
    else say.find("roots", "bad", "root-differs", place, `what ${source} has, and the chain binds, ${message}`);
  if (!wanted || !fetched?.data) {
    state.without.add(by);
    if (wanted && !fetched?.complaints.some(({ binding }) => binding))
      say.find("data", "unknown", "data-missing", place, whyMissing(wanted, sources));
    return;
  }
  say.checked("roots");
  const { data, exact } = fetched;
  if (wanted.place.in === "blobs" && !exact)
    say.find("data", "unknown", "blobs-unseen", place, "nobody gave what the blobs hold; other data leads to the root");
  // One object for all leaves of an epoch: there may be a hundred thousand.
  const binding = { by, epoch, timeS };
  for (const leaf of data.form === "records" ? data.others : data.leaves) state.leaves.add(leaf, binding);
  if (data.form === "digests") {
    state.hiding.add(by);
    for (const leaf of data.leaves) state.unexplained.add(leaf);
    return;
  }
  for (const seen of data.records) {
    takeRecord(seen, { by, timeS, place, exact }, state);
    await state.signatures.flush();
  }
}

/** What the chain says of an epoch; undefined where nobody can say what its `data` means. */
function wantedOf(event: Committed, { events, say }: AuditState): WantedEpoch | undefined {
  const { by, epoch } = event;
  const attached = events.filter((one) => one.name === "BlobsAttached" && one.by === by && one.epoch === epoch);
  try {
    return wantedEpoch(
      event,
      attached.filter((one) => one.name === "BlobsAttached"),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    say.find("data", "bad", "place-malformed", epochPlace({ by, epoch }), errorMessage(error));
    return undefined;
  }
}

function whyMissing({ place }: WantedEpoch, sources: readonly EpochSource[]): string {
  const asked = sources.length === 0 ? "and no source was given" : `none of ${sources.map(({ name }) => name).join(", ")} has it`;
  switch (place.in) {
    case "nowhere":
      return `the chain has the root alone, ${asked}`;
    case "blobs":
      return `the data is in blobs, ${asked}`;
    case "file":
      return `the data is in a file with hash ${place.hash}, ${asked}`;
    case "inline":
      return "the data is in the commitment";
  }
}

/** A record that stands on the chain by itself; one signature alone makes no record of the pair's chain. */
function takePublished(event: Published, state: AuditState): void {
  const { record, digest, signatureA, signatureB, block, timeS } = event;
  const place = `block ${block}`;
  if (!record || recordDigestOr(state, record) !== digest) {
    state.say.find("chains", "bad", "record-malformed", recordPlace(event), `published in ${place}, it is no record`);
    return;
  }
  if (signatureA === "0x" || signatureB === "0x") return;
  takeRecord({ record, digest, signatureA, signatureB }, { by: null, timeS, place, exact: true }, state);
}

/** What is published with one signature waits for the other, or shows that its signer has signed twice. */
export function sayPublishedAlone({ events, books, say }: AuditState): void {
  for (const event of events) {
    if (event.name !== "Published" || (event.signatureA !== "0x" && event.signatureB !== "0x")) continue;
    const there = books.digestAt(event, event.seq);
    if (there === event.digest) continue;
    const lacking = event.signatureA === "0x" ? event.a : event.b;
    if (there === undefined)
      say.find(
        "signatures",
        "unknown",
        "countersignature-missing",
        recordPlace(event),
        `published in block ${event.block} without the signature of ${lacking}`,
      );
    else
      say.find(
        "chains",
        "bad",
        "two-histories",
        recordPlace(event),
        `is ${there} in the log; in block ${event.block} another one was published that one of the two has signed too`,
      );
  }
}

function recordDigestOr({ domain }: AuditState, record: NonNullable<Published["record"]>): string | undefined {
  try {
    return recordDigest(domain, record);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
