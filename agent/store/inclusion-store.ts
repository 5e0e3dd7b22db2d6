import { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { Db } from "./open-database.ts";

/** Which epochs hold the home's records and the price series that they rest on. A leaf is a digest or a price series' hash. */
export interface InclusionStore {
  /** Keeps what the other side says; nothing where the leaf's epoch is final on chain already. */
  keep(leaf: string, inclusion: EpochInclusion): void;
  /** The leaf's epoch; `final` once the chain has confirmed its root for good. */
  of(leaf: string): (EpochInclusion & { final: boolean }) | undefined;
  /** One of each epoch and root that the chain has not confirmed for good. */
  open(): EpochInclusion[];
  /** The chain has this root for good. */
  confirm(inclusion: Pick<EpochInclusion, "by" | "epoch" | "root">): void;
  /** The chain has another root for that epoch: nothing that was said of this one holds. */
  drop(inclusion: Pick<EpochInclusion, "by" | "epoch" | "root">): void;
  /** Numbers of records that both signed before an instant and that no final epoch holds and nobody here published; newest first. */
  omitted(pair: string, cosignedBeforeMs: number): number[];
}

/** More is published on later days. */
const omittedAtOnce = 100;

/** These in the agent's database. */
export function inclusionStore(db: Db): InclusionStore {
  const put = db.prepare(
    `insert into epoch_inclusion values (?, ?, ?, ?, 0)
     on conflict (leaf) do update set party = excluded.party, epoch = excluded.epoch, body = excluded.body where is_final = 0`,
  );
  const get = db.prepare<[string], { body: string; is_final: number }>(
    "select body, is_final from epoch_inclusion where leaf = ?",
  );
  const open = db.prepare<[], { body: string }>(
    "select min(body) as body from epoch_inclusion where is_final = 0 group by party, epoch, body ->> 'root'",
  );
  const confirm = db.prepare(
    "update epoch_inclusion set is_final = 1 where is_final = 0 and party = ? and epoch = ? and body ->> 'root' = ?",
  );
  const drop = db.prepare("delete from epoch_inclusion where is_final = 0 and party = ? and epoch = ? and body ->> 'root' = ?");
  const omitted = db.prepare<[string, number, number], { seq: number }>(
    `select seq from record join cosigned using (digest)
     where pair = ? and cosigned.at_ms < ?
       and not exists (select 1 from epoch_inclusion where leaf = record.digest and is_final = 1)
       and not exists (select 1 from publication where publication.digest = record.digest and is_done = 1)
     order by seq desc limit ?`,
  );
  const read = (body: string): EpochInclusion => EpochInclusion.parse(JSON.parse(body));
  return {
    keep: (leaf, inclusion) => void put.run(leaf, inclusion.by, inclusion.epoch, JSON.stringify(inclusion)),
    of(leaf) {
      const row = get.get(leaf);
      return row && { ...read(row.body), final: row.is_final === 1 };
    },
    open: () => open.all().map(({ body }) => read(body)),
    confirm: ({ by, epoch, root }) => void confirm.run(by, epoch, root),
    drop: ({ by, epoch, root }) => void drop.run(by, epoch, root),
    omitted: (pair, beforeMs) => omitted.all(pair, beforeMs, omittedAtOnce).map(({ seq }) => seq),
  };
}
