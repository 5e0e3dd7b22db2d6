import type { KeyHistory } from "./key-history.ts";
import type { Journal } from "./journal.ts";
import type { SignaturePool } from "./signature-pool.ts";
import type { SignedDigest } from "./signers-of.ts";

/** A signature to be checked against the keys of its time. */
export interface DueSignature extends SignedDigest {
  /** For whom it is. */
  owner: string;
  /** End of the service period, and when a party logged the record; unix seconds. */
  endS: number;
  loggedS: number;
  place: string;
  /** Unknown where whoever passed the record on may have changed its signatures: the root does not bind them. */
  whenWrong: "bad" | "unknown";
}

/** Checks signatures in batches, in other threads where the pool has some. */
export interface SignatureCheck {
  add(due: DueSignature): void;
  /** Hands over what has come together; resolves when there is room for more. */
  flush(): Promise<void>;
  /** Waits for all answers. */
  end(): Promise<void>;
}

const batchSize = 500;

export function signatureCheck(pool: SignaturePool, keys: KeyHistory, say: Journal): SignatureCheck {
  let batch: DueSignature[] = [];
  const running = new Set<Promise<void>>();
  const judge = (dues: readonly DueSignature[], signers: readonly (string | null)[]): void => {
    say.checked("signatures", dues.length);
    for (const [index, due] of dues.entries()) {
      const signer = signers[index] ?? null;
      const { owner, endS, loggedS, place, whenWrong } = due;
      if (signer === null) {
        say.find(
          "signatures",
          whenWrong,
          "signature-invalid",
          place,
          `the signature for ${owner} is none that the contract takes`,
        );
        continue;
      }
      const objection = keys.objectSigner(owner, signer, endS, loggedS);
      if (objection) say.find("signatures", whenWrong, objection.cause, place, objection.detail);
    }
  };
  const send = (): void => {
    const dues = batch;
    batch = [];
    const work = pool
      .signersOf(dues.map(({ digest, signature }) => ({ digest, signature })))
      .then((signers) => judge(dues, signers));
    running.add(work);
    // What fails is thrown by end().
    work.then(
      () => running.delete(work),
      () => undefined,
    );
  };
  return {
    add(due) {
      batch.push(due);
    },
    async flush() {
      if (batch.length < batchSize) return;
      send();
      await pool.room();
    },
    async end() {
      if (batch.length > 0) send();
      await Promise.all(running);
    },
  };
}
