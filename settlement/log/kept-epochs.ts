import type { LoggedRecord } from "./log-run.ts";

/** A Merkle tree that goes to the chain. */
export interface StoredEpoch {
  epoch: number;
  root: string;
  /** All leaves: digests of records and hashes of price series. */
  digests: string[];
  /** Null until the chain has it. */
  committedTx: string | null;
  /** Whether the chain cannot undo it any more. */
  final: boolean;
  /** How many blobs of its data are on chain. */
  blobs: number;
}

/** What a party that commits epochs keeps of them, in a database of its own. */
export interface KeptEpochs {
  /** Digests of co-signed records that no epoch holds, the oldest of each pair first. */
  unanchored(limit: number): Promise<string[]>;
  /** Price series that no epoch binds. */
  unboundSeries(): Promise<{ hash: string; startMs: number; endMs: number }[]>;
  /** Keeps an epoch before it is sent and marks its records and series. */
  addEpoch(epoch: Pick<StoredEpoch, "epoch" | "root" | "digests">): Promise<void>;
  /** Notes the transaction that committed it. */
  epochCommitted(epoch: number, tx: string): Promise<void>;
  /** Notes how many of its blobs are on chain. */
  epochBlobs(epoch: number, blobs: number): Promise<void>;
  epochFinal(epoch: number): Promise<void>;
  /** Takes back that epochs after one are final; gives how many were. */
  reopenEpochs(after: number): Promise<number>;
  epochAt(epoch: number): Promise<StoredEpoch | null>;
  /** Whether the chain has it, without its leaves. */
  isCommitted(epoch: number): Promise<boolean>;
  /** Those that the chain could still undo, or has not, in order. */
  unfinishedEpochs(): Promise<StoredEpoch[]>;
  /** Numbers of the epochs after one that are final, in order. */
  finalAfter(epoch: number): Promise<number[]>;
  /** 0 before the first. */
  newestEpoch(): Promise<number>;
  /** Records of an epoch as they are published. @param owner the party that commits */
  loggedRecords(epoch: number, owner: string): Promise<LoggedRecord[]>;
  /** SHA-256 of its data's file, null before there was one. */
  dataHash(epoch: number): Promise<string | null>;
  setDataHash(epoch: number, sha256: string): Promise<void>;
  /** The newest final epoch that a mirror has, 0 before the first. */
  mirrored(url: string): Promise<number>;
  setMirrored(url: string, epoch: number): Promise<void>;
}
