import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { ExchangeDb } from "./open-exchange-database.ts";

/** What a person can decide: the record is proposed anew, or what it is of is never settled. */
export type ExchangeResolution = "again" | "skip";

/** A record that a participant (owner address) does not sign. */
export interface ExchangeDispute {
  id: number;
  participant: string;
  seq: number;
  code: string;
  message: string;
  /** The participant's own figures, as it sent them. */
  own: unknown;
  /** What was proposed. */
  record: RecordWire;
  atMs: number;
  resolution: ExchangeResolution | null;
  resolvedMs: number | null;
}

/** What waits for a person. */
export interface ExchangeDisputeStore {
  /** Holds a proposed record, and with it the settlement of that participant. */
  dispute(participant: string, seq: number, said: Pick<ExchangeDispute, "code" | "message" | "own" | "atMs">): Promise<void>;
  /** By number; `open` only those that wait. */
  disputes(open: boolean): Promise<ExchangeDispute[]>;
  /**
   * Closes one and takes the disputed record back, all or nothing: nobody but the participant could have signed it, and it has
   * refused to. `again` proposes what it is of anew under the same number; `skip` leaves that out for ever, as if it had never
   * been traded on this side. False where it is not open any more, or the record is not disputed any more.
   */
  resolve(id: number, resolution: ExchangeResolution, nowMs: number): Promise<boolean>;
}

interface Row {
  id: number;
  participant: string;
  seq: number;
  code: string;
  message: string;
  own: string;
  record: string;
  at_ms: number;
  resolution: ExchangeResolution | null;
  resolved_ms: number | null;
}

/** Number of what is never settled: no record has it. */
const never = 0;

export function exchangeDisputeStore(db: ExchangeDb): ExchangeDisputeStore {
  const hold = db.prepare<[string, number]>("update record set state = 'disputed' where participant = ? and seq = ?");
  const add = db.prepare(
    `insert into dispute (participant, seq, code, message, own, record, at_ms)
     select participant, seq, ?, ?, ?, body, ? from record where participant = ? and seq = ?`,
  );
  const all = db.prepare<[], Row>("select * from dispute order by id");
  const open = db.prepare<[], Row>("select * from dispute where resolution is null order by id");
  const at = db.prepare<[number], Row>("select * from dispute where id = ? and resolution is null");
  const drop = db.prepare<[string, number]>("delete from record where participant = ? and seq = ? and state = 'disputed'");
  const setLeg = db.prepare<[number | null, string, number]>("update leg set seq = ? where participant = ? and seq = ?");
  const dropCorrection = db.prepare<[string, number]>("delete from correction where participant = ? and seq = ?");
  const skipCorrection = db.prepare<[number, string, number]>("update correction set seq = ? where participant = ? and seq = ?");
  const close = db.prepare<[string, number, number]>("update dispute set resolution = ?, resolved_ms = ? where id = ?");
  const durably = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(db.transaction(work)()));
  return {
    dispute: (participant, seq, { code, message, own, atMs }) =>
      durably(() => {
        hold.run(participant, seq);
        add.run(code, message, JSON.stringify(own), atMs, participant, seq);
      }),
    disputes: (onlyOpen) => durably(() => (onlyOpen ? open : all).all().map(disputeOf)),
    resolve: (id, resolution, nowMs) =>
      durably(() => {
        const row = at.get(id);
        if (!row || drop.run(row.participant, row.seq).changes === 0) return false;
        const { participant, seq } = row;
        setLeg.run(resolution === "skip" ? never : null, participant, seq);
        if (resolution === "skip") skipCorrection.run(never, participant, seq);
        else dropCorrection.run(participant, seq);
        close.run(resolution, nowMs, id);
        return true;
      }),
  };
}

const disputeOf = ({ at_ms: atMs, resolved_ms: resolvedMs, own, record, ...rest }: Row): ExchangeDispute => ({
  ...rest,
  own: JSON.parse(own) as unknown,
  record: JSON.parse(record) as RecordWire,
  atMs,
  resolvedMs,
});
