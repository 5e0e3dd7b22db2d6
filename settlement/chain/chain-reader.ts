/** Which block is asked: the newest, or the newest that cannot be undone any more. */
export type Finality = "latest" | "finalized";

/** What is registered for a party; seconds since 1970. */
export interface PartyState {
  /** Lower-case address of the present signer; null for who was never registered or whose key was revoked. */
  signer: string | null;
  since: number;
  until: number;
}

/** The life of a signer; seconds since 1970. */
export interface KeyState {
  /** Lower-case address of the party that it signs or signed for. */
  owner: string;
  since: number;
  /** When it ceased to be the party's signer, far in the future while it is. */
  until: number;
  revoked: boolean;
}

/** Escrow and newest settled record of a pair; money in micro-units. */
export interface PairState {
  balanceA: bigint;
  balanceB: bigint;
  /** What each side has announced to take out of its balance by itself: not to be counted on any more. */
  leavingA: bigint;
  leavingB: bigint;
  /** Totals of the newest settled record. */
  cumA: bigint;
  cumB: bigint;
  /** What a still owes b after a partial settlement; negative where b owes a. */
  open: bigint;
  /** Number of the newest settled record, 0 before the first. */
  seq: number;
  /** Nonce of the next withdrawal. */
  withdrawals: number;
  /** Digest of the newest settled record. */
  head: string;
}

/** The Merkle root that a party committed for an epoch. */
export interface CommitState {
  root: string;
  count: number;
  /** Block time, seconds since 1970. */
  time: number;
}

/**
 * What a verifier asks of one settlement contract on one chain.
 * Every call throws a temporary AppError chain-unreachable where the chain does not answer.
 */
export interface ChainReader {
  readonly chainId: number;
  /** Lower-case address. */
  readonly contract: string;
  partyOf(owner: string): Promise<PartyState>;
  /** Undefined for a key that never was a signer. */
  keyOf(signer: string): Promise<KeyState | undefined>;
  /** As of the newest block, or only of blocks that cannot be undone any more. */
  pairOf(a: string, b: string, at?: Finality): Promise<PairState>;
  /** The same. Undefined where the party has committed no such epoch. */
  readCommit(by: string, epoch: number, at?: Finality): Promise<CommitState | undefined>;
}
