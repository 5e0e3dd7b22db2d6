import { z } from "zod";

const Hex = z.string().regex(/^0x[0-9a-f]+$/);

/** A signed transaction whose outcome is not known yet. */
export const Pending = z.strictObject({
  /** What it does, for messages. */
  what: z.string(),
  nonce: z.int().nonnegative(),
  /** As it was sent last. */
  raw: Hex,
  /** Of all that were sent with this nonce; one of them is or will be in a block. Newest last. */
  hashes: z.array(Hex).min(1),
});
export type Pending = z.infer<typeof Pending>;

/** Whether it is a transaction of EIP-4844. */
export function carriesBlobs({ raw }: Pick<Pending, "raw">): boolean {
  return raw.startsWith("0x03");
}

/** Keeps signed transactions from before they are sent until their outcome is known. */
export interface TransactionJournal {
  read(): Pending[];
  write(pending: readonly Pending[]): void;
}

/** Forgets with the process: good enough where a person looks at the outcome. */
export function memoryJournal(): TransactionJournal {
  let kept: readonly Pending[] = [];
  return { read: () => [...kept], write: (pending) => (kept = [...pending]) };
}
