import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { KeptEpochs, StoredEpoch } from "../../settlement/log/kept-epochs.ts";
import type { ExchangeDb } from "./open-exchange-database.ts";

interface EpochRow {
  epoch: number;
  root: string;
  leaves: string;
  tx: string | null;
  final: number;
  blobs: number;
}

interface LoggedRow {
  body: string;
  digest: string;
  participant_signature: string;
  own_signature: string;
}

/** Epochs in the exchange's database. Each call that writes is one transaction, on disk when it returns. */
export function exchangeEpochStore(db: ExchangeDb): KeptEpochs {
  const freeRecords = db.prepare<[number], { digest: string }>(
    "select digest from record where epoch is null and state = 'cosigned' order by participant, seq limit ?",
  );
  const freeSeries = db.prepare<[], { hash: string; startMs: number; endMs: number }>(
    "select hash, start_ms as startMs, end_ms as endMs from series where epoch is null order by start_ms, hash",
  );
  const bindRecord = db.prepare<[number, string]>("update record set epoch = ? where digest = ?");
  const bindSeries = db.prepare<[number, string]>("update series set epoch = ? where hash = ?");
  const add = db.prepare<[number, string, string]>("insert into epoch (epoch, root, leaves) values (?, ?, ?)");
  const at = db.prepare<[number], EpochRow>("select * from epoch where epoch = ?");
  const txOf = db.prepare<[number], { tx: string | null }>("select tx from epoch where epoch = ?");
  const unfinished = db.prepare<[], EpochRow>("select * from epoch where final = 0 order by epoch");
  const finals = db.prepare<[number], { epoch: number }>("select epoch from epoch where final = 1 and epoch > ? order by epoch");
  const newest = db.prepare<[], { epoch: number | null }>("select max(epoch) as epoch from epoch");
  const setTx = db.prepare<[string, number]>("update epoch set tx = ? where epoch = ?");
  const setBlobs = db.prepare<[number, number]>("update epoch set blobs = ? where epoch = ?");
  const setFinal = db.prepare<[number]>("update epoch set final = 1 where epoch = ?");
  const reopen = db.prepare<[number]>("update epoch set final = 0 where epoch > ? and final = 1");
  const hashOf = db.prepare<[number], { hash: string | null }>("select data_sha256 as hash from epoch where epoch = ?");
  const setHash = db.prepare<[string, number]>("update epoch set data_sha256 = ? where epoch = ?");
  const logged = db.prepare<[number], LoggedRow>(
    `select body, digest, participant_signature, own_signature from record where epoch = ? order by participant, seq`,
  );
  const mirror = db.prepare<[string], { epoch: number }>("select epoch from mirror where url = ?");
  const putMirror = db.prepare<[string, number]>("insert or replace into mirror (url, epoch) values (?, ?)");
  const durably = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(db.transaction(work)()));
  return {
    unanchored: (limit) => durably(() => freeRecords.all(limit).map(({ digest }) => digest)),
    unboundSeries: () => durably(() => freeSeries.all()),
    addEpoch: ({ epoch, root, digests }) =>
      durably(() => {
        add.run(epoch, root, JSON.stringify(digests));
        for (const digest of digests) if (bindRecord.run(epoch, digest).changes === 0) bindSeries.run(epoch, digest);
      }),
    epochCommitted: (epoch, tx) => durably(() => void setTx.run(tx, epoch)),
    epochBlobs: (epoch, blobs) => durably(() => void setBlobs.run(blobs, epoch)),
    epochFinal: (epoch) => durably(() => void setFinal.run(epoch)),
    reopenEpochs: (after) => durably(() => reopen.run(after).changes),
    epochAt: (epoch) =>
      durably(() => {
        const row = at.get(epoch);
        return row ? epochOf(row) : null;
      }),
    isCommitted: (epoch) => durably(() => typeof txOf.get(epoch)?.tx === "string"),
    unfinishedEpochs: () => durably(() => unfinished.all().map(epochOf)),
    finalAfter: (epoch) => durably(() => finals.all(epoch).map((row) => row.epoch)),
    newestEpoch: () => durably(() => newest.get()?.epoch ?? 0),
    loggedRecords: (epoch, owner) =>
      durably(() =>
        logged.all(epoch).map(({ body, digest, participant_signature: theirs, own_signature: ours }) => {
          const record = JSON.parse(body) as RecordWire;
          const [signatureA, signatureB] = record.a === owner ? [ours, theirs] : [theirs, ours];
          return { record, digest, signatureA, signatureB };
        }),
      ),
    dataHash: (epoch) => durably(() => hashOf.get(epoch)?.hash ?? null),
    setDataHash: (epoch, sha256) => durably(() => void setHash.run(sha256, epoch)),
    mirrored: (url) => durably(() => mirror.get(url)?.epoch ?? 0),
    setMirrored: (url, epoch) => durably(() => void putMirror.run(url, epoch)),
  };
}

const epochOf = ({ epoch, root, leaves, tx, final, blobs }: EpochRow): StoredEpoch => ({
  epoch,
  root,
  digests: JSON.parse(leaves) as string[],
  committedTx: tx,
  final: final === 1,
  blobs,
});
