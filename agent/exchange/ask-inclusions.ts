import type { ExchangeClient } from "../../settlement/exchange/exchange-client.ts";
import type { SigningRoom } from "../settle/signing-room.ts";
import type { InclusionStore } from "../store/inclusion-store.ts";
import type { RecordStore } from "../store/record-store.ts";

/** An exchange with long epochs is not asked for all of a day in each round. */
const mostAtOnce = 20;

/**
 * Asks the exchange for the proofs of records that both have signed and that no epoch is known to hold; the signing room checks
 * them, and the chain has the last word. @throws AppError of the client and of keepInclusions
 */
export async function askInclusions(parts: {
  client: Pick<ExchangeClient, "bundle">;
  room: Pick<SigningRoom, "included">;
  records: Pick<RecordStore, "at">;
  inclusions: Pick<InclusionStore, "omitted" | "of">;
  pair: string;
  nowMs: number;
}): Promise<void> {
  const { client, room, records, inclusions, pair } = parts;
  const open = inclusions.omitted(pair, parts.nowMs).flatMap((seq) => {
    const digest = records.at(pair, seq)?.digest;
    return digest !== undefined && !inclusions.of(digest) ? [{ seq, digest }] : [];
  });
  // The oldest first: those have waited longest.
  for (const { seq, digest } of open.toReversed().slice(0, mostAtOnce)) {
    const { inclusion } = await client.bundle(seq);
    if (!inclusion) return;
    const { by, epoch, root, count, proof } = inclusion;
    await room.included({ kind: "included", by, epoch, root, count, records: [{ seq, digest, proof }], prices: [] });
  }
}
